namespace Microsoft.ML;

public sealed partial class ModelOperationsCatalog
{
    private const string SchemaEntry = "Schema";
    private const string VersionEntry = "TrainingInfo/Version.txt";

    public void Save(ITransformer model, DataViewSchema inputSchema, string filePath)
    {
        ArgumentException.ThrowIfNullOrEmpty(filePath);
        using var stream = File.Create(filePath);
        Save(model, inputSchema, stream);
    }

    /// <summary>Writes the model as a zip; without <paramref name="inputSchema"/> the model does not say what it was made for.</summary>
    public void Save(ITransformer model, DataViewSchema inputSchema, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(stream);
        // Disposed only at the end: where a Save throws, the stream must not hold what looks like a whole zip.
        var archive = new ModelArchiveWriter(stream);
        archive.Write(VersionEntry, writer => writer.Write("5.0.0 (stand-in)"u8));
        using (var context = new ModelSaveContext(archive, TransformerChain.LoaderSignature))
        {
            model.Save(context);
            context.Done();
        }
        if (inputSchema != null)
            archive.Write(SchemaEntry, writer => SchemaCodec.Write(writer, inputSchema));
        archive.Dispose();
    }

    public ITransformer Load(string filePath, out DataViewSchema inputSchema)
    {
        ArgumentException.ThrowIfNullOrEmpty(filePath);
        using var stream = File.OpenRead(filePath);
        return Load(stream, out inputSchema);
    }

    /// <summary>Reads a model back; <paramref name="inputSchema"/> is null where it was saved without.</summary>
    public ITransformer Load(Stream stream, out DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var archive = new ModelArchiveReader(stream);
        inputSchema = LoadSchema(archive);
        using var context = new ModelLoadContext(archive, TransformerChain.LoaderSignature);
        return TransformerLoaders.Load(Environment, context);
    }

    private static DataViewSchema LoadSchema(ModelArchiveReader archive)
    {
        using var reader = archive.Open(SchemaEntry);
        if (reader == null)
            return null;
        try
        {
            return SchemaCodec.Read(reader);
        }
        catch (Exception e) when (e is EndOfStreamException or ArgumentException or OverflowException or FormatException)
        {
            throw new InvalidDataException($"The model file's entry '{SchemaEntry}' does not hold a schema.", e);
        }
    }
}

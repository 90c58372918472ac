namespace Microsoft.ML;

/// <summary>Where one component of a model reads itself from; <see cref="Reader"/> stands behind the header.</summary>
internal sealed class ModelLoadContext : IDisposable
{
    private readonly ModelArchiveReader _archive;

    internal ModelLoadContext(ModelArchiveReader archive, string directory)
    {
        _archive = archive;
        Directory = directory;
        var entry = Combine(ModelHeader.EntryName);
        Reader = archive.Open(entry) ?? throw new InvalidDataException($"The model file lacks the entry '{entry}'.");
        Header = ModelHeader.Read(Reader, entry);
    }

    internal string Directory { get; }

    internal ModelHeader Header { get; }

    internal BinaryReader Reader { get; }

    public void Dispose() => Reader.Dispose();

    /// <summary>Loads the part saved under this name.</summary>
    internal ITransformer LoadModel(IHostEnvironment environment, string name)
    {
        using var context = new ModelLoadContext(_archive, Combine(name));
        return TransformerLoaders.Load(environment, context);
    }

    /// <summary>Reads another entry beside <c>Model.key</c>; false where there is none.</summary>
    internal bool TryLoadBinaryStream(string name, Action<BinaryReader> read)
    {
        using var reader = _archive.Open(Combine(name));
        if (reader == null)
            return false;
        read(reader);
        return true;
    }

    private string Combine(string name) => Directory.Length == 0 ? name : Directory + "/" + name;
}

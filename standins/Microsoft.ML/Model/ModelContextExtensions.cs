namespace Microsoft.ML.Data;

/// <summary>What every savable component does first.</summary>
internal static class ModelContextExtensions
{
    private const int Version = 1;

    public static void Start(this ModelSaveContext context, string loaderSignature)
    {
        context.CheckAtModel();
        context.SetHeader(new ModelHeader(loaderSignature, Version, typeof(ModelContextExtensions).Assembly.FullName));
    }

    /// <summary>A count that was saved; each thing counted took at least a byte, so a larger one is false and must not be allocated for.</summary>
    public static int ReadCount(this BinaryReader reader, string what)
    {
        int count = reader.ReadInt32();
        long left = reader.BaseStream.Length - reader.BaseStream.Position;
        if (count < 0 || count > left) throw new InvalidDataException($"The model says it holds {count} {what}, and {left} bytes are left for them.");
        return count;
    }

    public static string[] ReadStrings(this BinaryReader reader, string what)
    {
        var texts = new string[reader.ReadCount(what)];
        for (int i = 0; i < texts.Length; i++) texts[i] = reader.ReadString();
        return texts;
    }

    public static void WriteStrings(this BinaryWriter writer, IReadOnlyCollection<string> texts)
    {
        writer.Write(texts.Count);
        foreach (string text in texts) writer.Write(text);
    }
}

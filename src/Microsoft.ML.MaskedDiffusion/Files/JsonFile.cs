namespace Microsoft.ML.MaskedDiffusion.Files;

/// <summary>Reads the bytes of JSON files that people may have written, with or without a byte order mark.</summary>
internal static class JsonFile
{
    private static ReadOnlySpan<byte> Mark => [0xEF, 0xBB, 0xBF];

    /// <summary>The content of a file without its byte order mark.</summary>
    public static ReadOnlyMemory<byte> Read(string path) => WithoutMark(File.ReadAllBytes(path));

    /// <summary>The bytes without a byte order mark at their start.</summary>
    public static ReadOnlyMemory<byte> WithoutMark(byte[] content) =>
        content.AsSpan().StartsWith(Mark) ? content.AsMemory(Mark.Length) : content;
}

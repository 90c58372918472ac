using System.Text;
using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Files;

/// <summary>Reads the bytes of JSON files that people may have written, with or without a byte order mark.</summary>
internal static class JsonFile
{
    private const int LongestConfig = 1 << 24;

    /// <summary>The content of a file without its byte order mark.</summary>
    public static ReadOnlyMemory<byte> Read(string path) => WithoutMark(File.ReadAllBytes(path));

    /// <summary>A configuration, which is refused where it is too long to be one.</summary>
    /// <exception cref="InvalidDataException">The file is too long, or no JSON; the message names it.</exception>
    public static JsonDocument ReadConfig(string path)
    {
        long length = FileLength.Of(path);
        if (length > LongestConfig)
            throw new InvalidDataException($"{path}: a configuration has at most {LongestConfig} bytes; this file has {length}.");
        try
        {
            return JsonDocument.Parse(Read(path));
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path}: this is no JSON: {error.Message}", error);
        }
    }

    /// <summary>The bytes without a byte order mark at their start.</summary>
    public static ReadOnlyMemory<byte> WithoutMark(byte[] content) =>
        content.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? content.AsMemory(Encoding.UTF8.Preamble.Length) : content;
}

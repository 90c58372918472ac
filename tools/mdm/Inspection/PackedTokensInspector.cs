using System.Buffers.Binary;
using System.Text.Json;
using Mdm.Data;
using Mdm.Output;

namespace Mdm.Inspection;

/// <summary>
/// Knows packed tokens: files that begin with "LITPKDS", a version (8 bytes), a code of the ids' width (1 byte) and the number of ids (8
/// bytes), folders of them, and the token folder of a training.
/// </summary>
internal sealed class PackedTokensInspector : Inspector
{
    private const int HeaderBytes = 24, CodeAt = 15;

    /// <inheritdoc/>
    public override string Kind => "packed tokens";

    /// <inheritdoc/>
    public override bool Knows(string path) => Files(path).Length > 0;

    /// <inheritdoc/>
    public override IEnumerable<Field> Read(string path, ToolContext context)
    {
        string[] files = Files(path);
        byte[][] heads = [.. files.Select(file => Head(file, HeaderBytes))];
        List<Field> fields =
        [
            new("kind", "packed tokens"),
            new("format version", (long)BinaryPrimitives.ReadUInt64LittleEndian(heads[0].AsSpan(7))),
            new("files", files.Length),
            new("bytes of an id", heads[0][CodeAt] switch
            {
                8 => 2,
                4 => 4,
                byte code => throw new InvalidDataException(
                    $"{files[0]} has token type code {code}; known are 8 (2 bytes) and 4 (4 bytes)."),
            }),
            new("room for tokens", heads.Sum(head => BinaryPrimitives.ReadInt64LittleEndian(head.AsSpan(16)))),
            new("size", files.Sum(FileSize.Of), "bytes"),
        ];
        if (TokenCount(files) is { } count)
            fields.Insert(fields.Count - 1, new("tokens of text", count));
        return fields;
    }

    // The files beside the packed ones that say how many of their ids are text. Those of the Python system have none.
    private static long? TokenCount(string[] files)
    {
        long tokens = 0;
        // Packed files are PREFIX_NUMBER.bin, with a number of ten digits.
        int end = "_0000000000.bin".Length;
        foreach (IGrouping<string, string> set in files.GroupBy(
            file => Path.GetFileName(file) is { } name && name.Length > end ? name[..^end] : ""))
        {
            string path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(set.First()))!, $".{set.Key}.tokens.json");
            if (!File.Exists(path))
                return null;
            try
            {
                using JsonDocument content = JsonDocument.Parse(File.ReadAllBytes(path));
                if (content.RootElement.GetProperty("files").GetInt32() != set.Count())
                    return null;
                tokens += content.RootElement.GetProperty("tokens").GetInt64();
            }
            catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
            {
                throw new InvalidDataException($"{path} is damaged: {error.Message} Remove it, or save the tokens anew.", error);
            }
        }
        return tokens;
    }

    private static string[] Files(string path)
    {
        // A training keeps them in a folder of its token folder.
        string inner = Path.Combine(path, "packed");
        string[] files = !Directory.Exists(path) ? [path]
            : [.. Directory.GetFiles(Directory.Exists(inner) ? inner : path).Order(StringComparer.Ordinal)];
        return [.. files.Where(file => Head(file, HeaderBytes) is { Length: HeaderBytes } head && head.AsSpan().StartsWith("LITPKDS"u8))];
    }
}

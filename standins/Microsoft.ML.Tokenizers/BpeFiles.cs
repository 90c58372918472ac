using System.Text.Json;

namespace Microsoft.ML.Tokenizers;

/// <summary>The two files of a byte-pair vocabulary: token to id as JSON, and the merges line by line.</summary>
internal static class BpeFiles
{
    public static Dictionary<string, int> ReadVocabulary(Stream stream) => JsonSerializer.Deserialize<Dictionary<string, int>>(stream) ?? [];

    public static List<string> ReadMerges(Stream stream)
    {
        using var reader = new StreamReader(stream, leaveOpen: true);
        var merges = new List<string>();
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal))
                merges.Add(line);
        }
        return merges;
    }
}

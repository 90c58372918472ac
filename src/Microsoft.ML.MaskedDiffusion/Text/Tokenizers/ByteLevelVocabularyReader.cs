using System.Text;
using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

/// <summary>
/// Reads the files of a byte-level BPE vocabulary as Hugging Face writes them. Its exceptions say what is wrong with a file.
/// </summary>
internal static class ByteLevelVocabularyReader
{
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>vocab.json: one JSON object, token to id; the ids are 0 .. n - 1 and each of the 256 bytes has its token.</summary>
    public static Dictionary<string, int> ReadTokens(byte[] content)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        using JsonDocument document = ParseObject(TokenizerFiles.Vocabulary, content, "a JSON object that gives each token its id");
        foreach (JsonProperty property in document.RootElement.EnumerateObject())
        {
            string token = Unescape(TokenizerFiles.Vocabulary, () => property.Name);
            if (property.Value.ValueKind != JsonValueKind.Number || !property.Value.TryGetInt32(out int id))
                throw Bad(TokenizerFiles.Vocabulary, $"token '{token}' has the id {property.Value.GetRawText()}, expected a whole number");
            if (!ids.TryAdd(token, id))
                throw Bad(TokenizerFiles.Vocabulary, $"token '{token}' is there twice");
        }
        CheckIds(ids);
        for (int value = 0; value < 256; value++)
        {
            char character = ByteLevelAlphabet.ToCharacter((byte)value);
            if (!ids.ContainsKey(character.ToString()))
            {
                throw Bad(TokenizerFiles.Vocabulary,
                    $"no token '{character}' for the byte 0x{value:X2}, expected a byte-level vocabulary with "
                    + "all 256 bytes in GPT-2's alphabet");
            }
        }
        return ids;
    }

    /// <summary>merges.txt: a line for each merge, "left right"; a first line that starts with #version is skipped.</summary>
    public static List<string> ReadMerges(byte[] content, Dictionary<string, int> ids)
    {
        string text;
        try
        {
            text = Utf8.GetString(content).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException e)
        {
            throw Bad(TokenizerFiles.Merges, "expected UTF-8 text, a merge 'left right' a line", e);
        }
        var merges = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        int number = 0;
        foreach (string ending in text.Split('\n'))
        {
            number++;
            string line = ending.TrimEnd('\r');
            if (line.Length == 0 || (number == 1 && line.StartsWith("#version", StringComparison.Ordinal)))
                continue;
            string[] parts = line.Split(' ');
            if (parts.Length != 2 || parts[0].Length == 0 || parts[1].Length == 0)
                throw Bad(TokenizerFiles.Merges, $"line {number} is '{line}', expected two tokens parted by one space");
            foreach (string token in (string[])[parts[0], parts[1], parts[0] + parts[1]])
            {
                if (!ids.ContainsKey(token))
                {
                    throw Bad(TokenizerFiles.Merges,
                        $"line {number} is '{line}', but '{token}' is not in {TokenizerFiles.Vocabulary}; "
                        + "expected the two files of one vocabulary");
                }
            }
            if (!seen.Add(line))
                throw Bad(TokenizerFiles.Merges, $"line {number} repeats the merge '{line}'");
            merges.Add(line);
        }
        return merges;
    }

    /// <summary>special_tokens_map.json: bos_token and eos_token, each a string or an object with the string as content.</summary>
    public static (int? Beginning, int? End) ReadSpecialTokens(byte[] content, Dictionary<string, int> ids)
    {
        using JsonDocument document = ParseObject(TokenizerFiles.SpecialTokens, content, "a JSON object with bos_token and eos_token");
        int? beginning = Find("bos_token"), end = Find("eos_token");
        // GPT-2's map uses one token for both, but its tokenizer does not start texts with it.
        return (beginning == end ? null : beginning, end);

        int? Find(string name)
        {
            if (!document.RootElement.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
                return null;
            if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("content", out JsonElement inner))
                value = inner;
            if (value.ValueKind != JsonValueKind.String)
                throw Bad(TokenizerFiles.SpecialTokens, $"{name} is {value.GetRawText()}, expected a token");
            string token = Unescape(TokenizerFiles.SpecialTokens, () => value.GetString()!);
            return ids.TryGetValue(token, out int id) ? id
                : throw Bad(TokenizerFiles.SpecialTokens, $"{name} is '{token}', which is not in {TokenizerFiles.Vocabulary}");
        }
    }

    private static void CheckIds(Dictionary<string, int> ids)
    {
        var taken = new string?[ids.Count];
        foreach ((string token, int id) in ids)
        {
            if ((uint)id >= (uint)taken.Length)
                throw Bad(
                    TokenizerFiles.Vocabulary,
                    $"token '{token}' has the id {id}, expected the ids of {ids.Count} tokens to be 0 .. {ids.Count - 1}");
            if (taken[id] is { } other)
                throw Bad(TokenizerFiles.Vocabulary, $"tokens '{other}' and '{token}' share the id {id}");
            taken[id] = token;
        }
    }

    // The JSON reader reports half a surrogate pair only when the string is read.
    private static string Unescape(string file, Func<string> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException e)
        {
            throw Bad(file, "a token is not valid Unicode", e);
        }
    }

    private static JsonDocument ParseObject(string name, byte[] content, string expected)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(content);
        }
        catch (JsonException e)
        {
            throw Bad(name, $"expected {expected}, but this is no JSON: {e.Message}", e);
        }
        if (document.RootElement.ValueKind == JsonValueKind.Object)
            return document;
        using (document)
            throw Bad(name, $"expected {expected}, got a JSON {document.RootElement.ValueKind.ToString().ToLowerInvariant()}");
    }

    private static InvalidDataException Bad(string file, string what, Exception? inner = null) =>
        new($"Tokenizer file '{file}': {what}.", inner);
}

using System.Text;
using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

/// <summary>
/// Reads the files of a byte-level BPE vocabulary as Hugging Face writes them. Its exceptions say what is wrong with a file.
/// </summary>
internal static class ByteLevelVocabularyReader
{
    /// <summary>vocab.json: one JSON object, token to id; the ids are 0 .. n - 1 and each of the 256 bytes has its token.</summary>
    public static Dictionary<string, int> ReadTokens(byte[] content)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        using JsonDocument document = TokenizerJsonFile.ParseObject(
            TokenizerFiles.Vocabulary, content, "a JSON object that gives each token its id");
        foreach (JsonProperty property in document.RootElement.EnumerateObject())
        {
            string token = property.Name;
            if (property.Value.ValueKind != JsonValueKind.Number || !property.Value.TryGetInt32(out int id))
            {
                string found = TextExcerpt.Of(property.Value.GetRawText());
                throw Bad(TokenizerFiles.Vocabulary, $"token '{TextExcerpt.Of(token)}' has the id {found}, expected a whole number");
            }
            if (!ids.TryAdd(token, id))
                throw Bad(TokenizerFiles.Vocabulary, $"token '{TextExcerpt.Of(token)}' is there twice");
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
            text = StrictUtf8.Encoding.GetString(content).TrimStart('\uFEFF');
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
                throw Bad(TokenizerFiles.Merges, $"line {number} is '{TextExcerpt.Of(line)}', expected two tokens parted by one space");
            foreach (string token in (string[])[parts[0], parts[1], parts[0] + parts[1]])
            {
                if (!ids.ContainsKey(token))
                {
                    throw Bad(TokenizerFiles.Merges,
                        $"line {number} is '{TextExcerpt.Of(line)}', but '{TextExcerpt.Of(token)}' is not in {TokenizerFiles.Vocabulary}; "
                        + "expected the two files of one vocabulary");
                }
            }
            if (!seen.Add(line))
                throw Bad(TokenizerFiles.Merges, $"line {number} repeats the merge '{TextExcerpt.Of(line)}'");
            merges.Add(line);
        }
        return merges;
    }

    /// <summary>
    /// Refuses merges that are cut off: without some of them, text is cut into other tokens. Tokens that no merge makes are names in a
    /// whole file, such as &lt;pad&gt;, and few.
    /// </summary>
    public static void CheckWhole(IReadOnlyCollection<string> tokens, List<string> merges)
    {
        const int MostNamesPercent = 10;
        HashSet<string> made = [.. merges.Select(merge => merge.Replace(" ", "", StringComparison.Ordinal))];
        string[] unmade = [.. tokens.Where(token => token.Length > 1 && !made.Contains(token) && !IsName(token))];
        if (unmade.Length == 0 || (merges.Count > 0 && unmade.Length * 100L <= tokens.Count * (long)MostNamesPercent))
            return;
        string what = merges.Count == 0 ? "it holds no merges" : $"its {merges.Count} merges do not make them all";
        throw Bad(TokenizerFiles.Merges, $"{what}, but {TokenizerFiles.Vocabulary} has {unmade.Length} tokens of several bytes that merges "
            + $"have to make, such as '{TextExcerpt.Of(unmade[0])}': the file is empty or cut off; fetch a whole copy");
    }

    private static bool IsName(string token) => token[0] is '<' or '[' && token[^1] is '>' or ']';

    private static void CheckIds(Dictionary<string, int> ids)
    {
        var taken = new string?[ids.Count];
        foreach ((string token, int id) in ids)
        {
            if ((uint)id >= (uint)taken.Length)
                throw Bad(
                    TokenizerFiles.Vocabulary,
                    $"token '{TextExcerpt.Of(token)}' has the id {id}, expected the ids of {ids.Count} tokens to be 0 .. {ids.Count - 1}");
            if (taken[id] is { } other)
                throw Bad(TokenizerFiles.Vocabulary, $"tokens '{TextExcerpt.Of(other)}' and '{TextExcerpt.Of(token)}' share the id {id}");
            taken[id] = token;
        }
    }

    private static InvalidDataException Bad(string file, string what, Exception? inner = null) => TokenizerJsonFile.Bad(file, what, inner);
}

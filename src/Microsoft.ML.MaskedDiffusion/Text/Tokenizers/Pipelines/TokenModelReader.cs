using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>Reads the model of Hugging Face's tokenizer.json: its vocabulary, and how it cuts.</summary>
internal static class TokenModelReader
{
    public static ITokenModel Read(JsonNode node)
    {
        // Files of the library's first years do not name the kind.
        string kind = node.Has("type") ? node.Kind : node.Has("merges") ? "BPE" : "";
        switch (kind)
        {
            case "BPE":
                return BytePairs(node);
            case "Unigram":
                return Unigram(node);
            case "WordPiece":
                string unknown = node.Text("unk_token", "[UNK]");
                Dictionary<string, int> words = Vocabulary(node);
                RequireToken(node, words, unknown);
                return new WordPieceModel(
                    words, unknown, node.Text("continuing_subword_prefix", "##"), node.Number("max_input_chars_per_word", 100));
            case "WordLevel":
                unknown = node.Text("unk_token", "<unk>");
                words = Vocabulary(node);
                RequireToken(node, words, unknown);
                return new WordLevelModel(words, unknown);
            default:
                throw kind.Length == 0 ? node.Bad("lacks type") : node.Unsupported("BPE, Unigram, WordLevel, WordPiece");
        }
    }

    private static MergeModel BytePairs(JsonNode node)
    {
        if (node.Has("dropout") && node.Child("dropout").Element is not { ValueKind: JsonValueKind.Number } dropout)
            throw node.Bad("has a dropout that is no number");
        else if (node.Has("dropout") && node.Child("dropout").Element.GetDouble() != 0)
            throw node.Bad("has a dropout, which makes ids random; expected none");
        Dictionary<string, int> vocabulary = Vocabulary(node);
        var merges = new List<(string, string)>();
        foreach (JsonNode merge in node.Children("merges"))
            merges.Add(Merge(merge));
        var options = new MergeModelOptions
        {
            UnknownToken = node.Has("unk_token") ? node.Text("unk_token") : null,
            FuseUnknown = node.Flag("fuse_unk", false),
            ByteFallback = node.Flag("byte_fallback", false),
            IgnoreMerges = node.Flag("ignore_merges", false),
            ContinuingPrefix = node.Text("continuing_subword_prefix", ""),
            EndOfWordSuffix = node.Text("end_of_word_suffix", ""),
        };
        if (options.UnknownToken is { } unknown)
            RequireToken(node, vocabulary, unknown);
        try
        {
            return new MergeModel(vocabulary, merges, options);
        }
        catch (FormatException e)
        {
            throw node.Bad($"cannot be used: {e.Message}");
        }
    }

    private static (string Left, string Right) Merge(JsonNode merge)
    {
        if (merge.Element.ValueKind == JsonValueKind.Array && merge.Element.GetArrayLength() == 2)
        {
            JsonNode[] pair = [.. merge.Element.EnumerateArray().Select(part => new JsonNode(part, merge.Place))];
            return (pair[0].AsText(), pair[1].AsText());
        }
        string[] parts = merge.AsText().Split(' ');
        return parts.Length == 2
            ? (parts[0], parts[1]) : throw merge.Bad($"is '{TextExcerpt.Of(merge.AsText())}', expected two tokens parted by one space");
    }

    private static UnigramScoreModel Unigram(JsonNode node)
    {
        var tokens = new List<(string, double)>();
        foreach (JsonNode entry in node.Children("vocab"))
        {
            if (entry.Element.ValueKind != JsonValueKind.Array || entry.Element.GetArrayLength() != 2
                || entry.Element[1].ValueKind != JsonValueKind.Number)
            {
                throw entry.Bad("is no pair of a token and its score");
            }
            double score = RustNumber.Parse(entry.Element[1].GetRawText());
            if (!double.IsFinite(score))
                throw entry.Bad("has a score that is too large");
            tokens.Add((new JsonNode(entry.Element[0], entry.Place).AsText(), score));
        }
        int? unknown = node.Has("unk_id") ? node.Number("unk_id") : null;
        if (tokens.Count == 0 || (unknown is { } id && (id < 0 || id >= tokens.Count)))
            throw node.Bad($"has {tokens.Count} tokens and the unk_id {unknown}, expected the id of one of them");
        if (tokens.Select(token => token.Item1).Distinct(StringComparer.Ordinal).Count() < tokens.Count)
            throw node.Bad("has a token twice");
        return new UnigramScoreModel(tokens, unknown, node.Flag("byte_fallback", false));
    }

    private static Dictionary<string, int> Vocabulary(JsonNode node)
    {
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        var ids = new HashSet<int>();
        JsonNode child = node.Child("vocab");
        if (child.Element.ValueKind != JsonValueKind.Object)
            throw child.Bad("is no object that gives each token its id");
        foreach (JsonProperty property in child.Element.EnumerateObject())
        {
            string token = property.Name;
            int id = new JsonNode(property.Value, $"{child.Place} '{TextExcerpt.Of(token)}'").AsNumber();
            if (id is < 0 or > TokenizerFiles.MaximumId || !ids.Add(id) || !vocabulary.TryAdd(token, id))
            {
                throw child.Bad($"gives the token '{TextExcerpt.Of(token)}' the id {id}, which is negative, above "
                    + $"{TokenizerFiles.MaximumId} or there twice");
            }
        }
        return vocabulary;
    }

    private static void RequireToken(JsonNode node, Dictionary<string, int> vocabulary, string token)
    {
        if (!vocabulary.ContainsKey(token))
            throw node.Bad($"names the unknown token '{TextExcerpt.Of(token)}', which is not in its vocabulary");
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

/// <summary>
/// vocab.json and merges.txt of Qwen's tokenizers and of those that are made of them, such as Dream's, whose folders may lack a
/// tokenizer.json: text is brought into the form NFC and split by Qwen's pattern, and tokenizer_config.json lists the added tokens. This
/// writes the tokenizer.json that says so.
/// </summary>
internal static class QwenFiles
{
    // How Qwen 2 splits text, as its tokenizer.json has it.
    private const string Pattern = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
        + @"\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string AddedTokens = "added_tokens_decoder";

    private static readonly string[] Classes = ["Qwen2Tokenizer", "Qwen2TokenizerFast", "DreamTokenizer"];

    /// <summary>Whether tokenizer_config.json names a tokenizer of this kind.</summary>
    public static bool IsNamedIn(byte[] config)
    {
        using JsonDocument document = ParseConfig(config);
        return document.RootElement.TryGetProperty("tokenizer_class", out JsonElement name) && name.ValueKind == JsonValueKind.String
            && Classes.Contains(name.GetString());
    }

    /// <summary>The tokenizer.json of the files.</summary>
    /// <exception cref="InvalidDataException">A file has not the content that its name says.</exception>
    public static byte[] TokenizerJson(byte[] vocabulary, byte[] merges, byte[] config)
    {
        Dictionary<string, int> ids = ByteLevelVocabularyReader.ReadTokens(vocabulary);
        List<string> pairs = ByteLevelVocabularyReader.ReadMerges(merges, ids);
        ByteLevelVocabularyReader.CheckWhole(ids.Keys, pairs);
        JsonObject tokens = [];
        foreach ((string token, int id) in ids.OrderBy(item => item.Value))
            tokens[token] = id;
        JsonObject bytes = new()
        {
            ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = false, ["use_regex"] = false,
        };
        JsonObject split = new()
        {
            ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = Pattern }, ["behavior"] = "Isolated", ["invert"] = false,
        };
        var tokenizer = new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = Added(config),
            ["normalizer"] = new JsonObject { ["type"] = "NFC" },
            ["pre_tokenizer"] = new JsonObject { ["type"] = "Sequence", ["pretokenizers"] = new JsonArray(split, bytes.DeepClone()) },
            ["decoder"] = bytes,
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["vocab"] = tokens,
                ["merges"] = new JsonArray([.. pairs.Select(pair => (JsonNode)pair)]),
            },
        };
        return JsonSerializer.SerializeToUtf8Bytes(tokenizer);
    }

    private static JsonArray Added(byte[] config)
    {
        using JsonDocument document = ParseConfig(config);
        var added = new SortedDictionary<int, JsonNode>();
        if (!document.RootElement.TryGetProperty(AddedTokens, out JsonElement tokens) || tokens.ValueKind != JsonValueKind.Object)
        {
            throw TokenizerJsonFile.Bad(TokenizerFiles.Config,
                $"there is no {AddedTokens}, expected the ids of the added tokens, such as <|endoftext|>");
        }
        foreach (JsonProperty token in tokens.EnumerateObject())
        {
            if (!int.TryParse(token.Name, out int id) || id < 0 || token.Value.ValueKind != JsonValueKind.Object
                || !added.TryAdd(id, null!))
            {
                throw TokenizerJsonFile.Bad(TokenizerFiles.Config,
                    $"{AddedTokens} has {FaultList.Quote(token.Name)}, expected an id, once, with an object");
            }
            JsonObject node = JsonNode.Parse(token.Value.GetRawText())!.AsObject();
            node["id"] = id;
            added[id] = node;
        }
        return new JsonArray([.. added.Values]);
    }

    private static JsonDocument ParseConfig(byte[] config) =>
        TokenizerJsonFile.ParseObject(TokenizerFiles.Config, config, "a JSON object with the tokenizer's settings");
}

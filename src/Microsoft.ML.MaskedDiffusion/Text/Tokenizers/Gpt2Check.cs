using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

/// <summary>
/// vocab.json and merges.txt do not say how text is split, and mean GPT-2's pattern. These checks refuse the two where a file beside them
/// says otherwise.
/// </summary>
internal static class Gpt2Check
{
    private static readonly string[] Classes = ["GPT2Tokenizer", "RobertaTokenizer", "BartTokenizer", "CodeGenTokenizer"];

    /// <summary>Checks tokenizer.json, which says all.</summary>
    public static void TokenizerJson(byte[] content, string path)
    {
        using JsonDocument document = TokenizerJsonFile.ParseObject(path, content, "a JSON object with a model");
        JsonElement root = document.RootElement;
        bool plain = !IsGiven(root, "normalizer") && IsGiven(root, "pre_tokenizer")
            && root.GetProperty("pre_tokenizer") is { ValueKind: JsonValueKind.Object } split
            && split.TryGetProperty("type", out JsonElement kind) && kind.ValueKind == JsonValueKind.String
            && kind.ValueEquals("ByteLevel")
            && split.TryGetProperty("add_prefix_space", out JsonElement prefix) && prefix.ValueKind == JsonValueKind.False
            && (!split.TryGetProperty("use_regex", out JsonElement regex) || regex.ValueKind == JsonValueKind.True);
        if (!plain)
        {
            throw new InvalidDataException($"{TokenizerFiles.Vocabulary} and {TokenizerFiles.Merges} mean GPT-2's way of splitting text, "
                + $"but '{path}' says another one. Give that file, or its folder, instead.");
        }
    }

    /// <summary>Checks tokenizer_config.json, which names a class.</summary>
    public static void TokenizerConfig(byte[] content, string path)
    {
        using JsonDocument document = TokenizerJsonFile.ParseObject(path, content, "a JSON object with the tokenizer's settings");
        JsonElement root = document.RootElement;
        if (IsGiven(root, "tokenizer_class") && root.GetProperty("tokenizer_class").ToString() is { } name
            && !Classes.Contains(name.EndsWith("Fast", StringComparison.Ordinal) ? name[..^4] : name))
        {
            throw new InvalidDataException($"{TokenizerFiles.Vocabulary} and {TokenizerFiles.Merges} mean GPT-2's way of splitting text, "
                + $"but '{path}' names the class '{name}'. Give its {TokenizerFiles.HuggingFace} instead.");
        }
        if (root.TryGetProperty("add_prefix_space", out JsonElement prefix) && prefix.ValueKind == JsonValueKind.True)
        {
            throw new InvalidDataException($"'{path}' puts a space before each text (add_prefix_space), which {TokenizerFiles.Vocabulary} "
                + $"and {TokenizerFiles.Merges} alone do not. Give a {TokenizerFiles.HuggingFace} instead.");
        }
    }

    private static bool IsGiven(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined);
}

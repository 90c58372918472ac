using System.Globalization;
using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

/// <summary>
/// The tokens that begin and end a sequence, as special_tokens_map.json and tokenizer_config.json of Hugging Face name them; where these
/// name none, the tokens that BERT's names for them stand for.
/// </summary>
internal static class SpecialTokens
{
    /// <summary>Finds the ids of the two tokens.</summary>
    /// <param name="files">The tokenizer's files; those that are not there name nothing.</param>
    /// <param name="idOf">The id of a token, or null.</param>
    /// <exception cref="InvalidDataException">A file names a token that the vocabulary lacks.</exception>
    public static (int? Beginning, int? End) Read(IReadOnlyDictionary<string, byte[]> files, Func<string, int?> idOf)
    {
        int? beginning = Find(files, idOf, "bos_token") ?? Find(files, idOf, "cls_token");
        int? end = Find(files, idOf, "eos_token") ?? Find(files, idOf, "sep_token");
        // GPT-2's map uses one token for both, but its tokenizer does not start texts with it.
        return (beginning == end ? null : beginning, end);
    }

    /// <summary>The id of the mask token that the files name, or null.</summary>
    /// <exception cref="InvalidDataException">A file names a token that the vocabulary lacks.</exception>
    public static int? Mask(IReadOnlyDictionary<string, byte[]> files, Func<string, int?> idOf) => Find(files, idOf, "mask_token");

    /// <summary>Whether tokenizer_config.json says that a token begins texts, or null where it says nothing.</summary>
    public static bool? AddsBeginning(IReadOnlyDictionary<string, byte[]> files) => Flag(files, "add_bos_token");

    /// <summary>
    /// Whether tokenizer_config.json says that text behind a special token begins as at the beginning of a text, with a space before it, as
    /// it does for Llama's older tokenizers; null where it says nothing.
    /// </summary>
    public static bool? BeginsAnewBehindTokens(IReadOnlyDictionary<string, byte[]> files) => Flag(files, "legacy");

    /// <summary>The tokens that the files add to a vocabulary.</summary>
    /// <exception cref="InvalidDataException">A file is no JSON object.</exception>
    public static IReadOnlyList<string> Added(IReadOnlyDictionary<string, byte[]> files)
    {
        var tokens = new List<string?>();
        foreach (string file in (string[])[TokenizerFiles.SpecialTokens, TokenizerFiles.Config])
        {
            if (!files.TryGetValue(file, out byte[]? content))
                continue;
            using JsonDocument document = Parse(file, content);
            JsonElement root = document.RootElement;
            if (root.TryGetProperty("additional_special_tokens", out JsonElement list) && list.ValueKind == JsonValueKind.Array)
                tokens.AddRange(list.EnumerateArray().Select(TextOf));
            if (root.TryGetProperty("added_tokens_decoder", out JsonElement added) && added.ValueKind == JsonValueKind.Object)
                tokens.AddRange(added.EnumerateObject().Select(token => TextOf(token.Value)));
        }
        if (files.TryGetValue(TokenizerFiles.AddedTokens, out byte[]? ids))
        {
            using JsonDocument document = ParseAdded(ids);
            tokens.AddRange(document.RootElement.EnumerateObject().Select(token => token.Name));
        }
        return [.. tokens.OfType<string>()];
    }

    /// <summary>
    /// The id of a token that added_tokens.json, or added_tokens_decoder in tokenizer_config.json, adds to a vocabulary; null where they do
    /// not.
    /// </summary>
    /// <exception cref="InvalidDataException">A file is no JSON object.</exception>
    public static int? AddedId(IReadOnlyDictionary<string, byte[]> files, string token)
    {
        if (files.TryGetValue(TokenizerFiles.AddedTokens, out byte[]? ids))
        {
            using JsonDocument document = ParseAdded(ids);
            if (document.RootElement.TryGetProperty(token, out JsonElement value) && value.ValueKind == JsonValueKind.Number
                && value.TryGetInt32(out int id))
            {
                return id;
            }
        }
        if (!files.TryGetValue(TokenizerFiles.Config, out byte[]? content))
            return null;
        using JsonDocument config = Parse(TokenizerFiles.Config, content);
        if (!config.RootElement.TryGetProperty("added_tokens_decoder", out JsonElement added) || added.ValueKind != JsonValueKind.Object)
            return null;
        foreach (JsonProperty item in added.EnumerateObject())
        {
            if (TextOf(item.Value) == token && int.TryParse(item.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
                return id;
        }
        return null;
    }

    private static JsonDocument ParseAdded(byte[] content) =>
        TokenizerJsonFile.ParseObject(TokenizerFiles.AddedTokens, content, "a JSON object with tokens' ids");

    private static bool? Flag(IReadOnlyDictionary<string, byte[]> files, string name)
    {
        if (!files.TryGetValue(TokenizerFiles.Config, out byte[]? content))
            return null;
        using JsonDocument document = Parse(TokenizerFiles.Config, content);
        return document.RootElement.TryGetProperty(name, out JsonElement value) ? value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => null,
        } : null;
    }

    /// <summary>A token that the files name, such as bos_token, with the file that names it; null where none does.</summary>
    /// <exception cref="InvalidDataException">What stands there is no token.</exception>
    public static (string File, string Text)? TextOf(IReadOnlyDictionary<string, byte[]> files, string name)
    {
        foreach (string file in (string[])[TokenizerFiles.SpecialTokens, TokenizerFiles.Config])
        {
            if (!files.TryGetValue(file, out byte[]? content))
                continue;
            using JsonDocument document = Parse(file, content);
            if (!document.RootElement.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
                continue;
            return (file, TextOf(value)
                ?? throw TokenizerJsonFile.Bad(file, $"{name} is {TextExcerpt.Of(value.GetRawText())}, expected a token"));
        }
        return null;
    }

    // A token is its text, or an object with settings beside it.
    private static string? TextOf(JsonElement token)
    {
        if (token.ValueKind == JsonValueKind.Object && token.TryGetProperty("content", out JsonElement inner))
            token = inner;
        return token.ValueKind == JsonValueKind.String ? token.GetString() : null;
    }

    private static int? Find(IReadOnlyDictionary<string, byte[]> files, Func<string, int?> idOf, string name)
    {
        if (TextOf(files, name) is not var (file, token))
            return null;
        return idOf(token) ?? throw TokenizerJsonFile.Bad(
            file, $"{name} is '{TextExcerpt.Of(token)}', which is not in the tokenizer's vocabulary");
    }

    private static JsonDocument Parse(string file, byte[] content) =>
        TokenizerJsonFile.ParseObject(file, content, "a JSON object with bos_token and eos_token");
}

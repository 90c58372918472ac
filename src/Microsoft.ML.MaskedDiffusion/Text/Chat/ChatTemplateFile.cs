using System.Text;
using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;
using Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

namespace Microsoft.ML.MaskedDiffusion.Text.Chat;

/// <summary>
/// The template that a tokenizer's files have for conversations: chat_template.jinja, or else chat_template in tokenizer_config.json.
/// </summary>
/// <param name="Name">Where it stands.</param>
/// <param name="Source">The template, in Jinja.</param>
/// <param name="Tokens">The special tokens that it may name, such as bos_token.</param>
internal sealed record ChatTemplateFile(string Name, string Source, IReadOnlyDictionary<string, string> Tokens)
{
    // A template is written again and again to find out its parts, each time with the token in it.
    private const int LongestToken = 4096;
    private const string Key = "chat_template", Default = "default";

    private static readonly string[] TokenNames =
        ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    /// <summary>Further tokens that the files add to the vocabulary.</summary>
    public required IReadOnlyList<string> Added { get; init; }

    /// <summary>The errors of the template.</summary>
    public JinjaErrors Errors { get; } = new(
        Name == TokenizerFiles.ChatTemplate ? $"Tokenizer file '{Name}'" : $"Tokenizer file '{TokenizerFiles.Config}', {Key}");

    /// <summary>The template of a tokenizer's files, or null where they have none.</summary>
    /// <exception cref="InvalidDataException">A file has not the content that its name says.</exception>
    public static ChatTemplateFile? Find(IReadOnlyDictionary<string, byte[]> files)
    {
        if (files.TryGetValue(TokenizerFiles.ChatTemplate, out byte[]? content))
            return Of(TokenizerFiles.ChatTemplate, TextOf(content), files);
        return InConfig(files) is { } source ? Of($"{Key} of {TokenizerFiles.Config}", source, files) : null;
    }

    private static ChatTemplateFile Of(string name, string source, IReadOnlyDictionary<string, byte[]> files) =>
        new(name, source, TokensOf(files)) { Added = SpecialTokens.Added(files) };

    private static string TextOf(byte[] content)
    {
        try
        {
            return StrictUtf8.Encoding.GetString(JsonFile.WithoutMark(content).Span);
        }
        catch (DecoderFallbackException e)
        {
            throw TokenizerJsonFile.Bad(TokenizerFiles.ChatTemplate, "expected a template in UTF-8", e);
        }
    }

    private static string? InConfig(IReadOnlyDictionary<string, byte[]> files)
    {
        if (!files.TryGetValue(TokenizerFiles.Config, out byte[]? content))
            return null;
        using JsonDocument document = TokenizerJsonFile.ParseObject(TokenizerFiles.Config, content, "a JSON object with settings");
        if (!document.RootElement.TryGetProperty(Key, out JsonElement value))
            return null;
        return value.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Array => InList(value),
            _ => throw Bad($"{Key} is {TextExcerpt.Of(value.GetRawText())}, expected a template or a list of them"),
        };
    }

    private static string InList(JsonElement list)
    {
        foreach (JsonElement item in list.EnumerateArray())
        {
            string? name = TextOf(item, "name"), template = TextOf(item, "template");
            if (name is null || template is null)
                throw Bad($"{Key} has {TextExcerpt.Of(item.GetRawText())}, expected an object with the texts name and template");
            if (name == Default)
                return template;
        }
        throw Bad($"{Key} is a list without a template of the name '{Default}'");
    }

    private static string? TextOf(JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out JsonElement value)
            && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static Dictionary<string, string> TokensOf(IReadOnlyDictionary<string, byte[]> files)
    {
        var tokens = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string name in TokenNames)
        {
            if (SpecialTokens.TextOf(files, name) is not var (file, token))
                continue;
            if (token.Length > LongestToken)
                throw TokenizerJsonFile.Bad(file, $"{name} has {token.Length} characters, and in a template it may have {LongestToken}");
            tokens[name] = token;
        }
        return tokens;
    }

    private static InvalidDataException Bad(string what) => TokenizerJsonFile.Bad(TokenizerFiles.Config, what);
}

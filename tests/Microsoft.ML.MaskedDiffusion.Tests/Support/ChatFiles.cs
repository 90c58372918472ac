using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Small tokenizer files with a template for conversations: a token a byte, and the special tokens of a model.</summary>
internal static class ChatFiles
{
    private const string Bytes = """{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}""";

    /// <summary>A tokenizer.json in which each of these tokens is one that text can spell.</summary>
    public static byte[] Tokenizer(params string[] tokens)
    {
        var vocabulary = new JsonObject();
        foreach (string token in ByteLevelAlphabet.Tokens)
            vocabulary[token] = vocabulary.Count;
        var model = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray() };
        return Encoding.UTF8.GetBytes(TokenizerJson.File(model.ToJsonString(), null, Bytes, Bytes, tokens));
    }

    /// <summary>A tokenizer_config.json with a template, none where that is null.</summary>
    public static byte[] Config(JsonNode? template, string? beginning, string? end)
    {
        var config = new JsonObject { ["add_bos_token"] = false, ["bos_token"] = beginning, ["eos_token"] = end };
        if (template is not null)
            config["chat_template"] = template;
        return Encoding.UTF8.GetBytes(config.ToJsonString());
    }

    /// <summary>The files of a model whose template is in tokenizer_config.json.</summary>
    /// <param name="template">The template in Jinja.</param>
    /// <param name="beginning">bos_token; null for none.</param>
    /// <param name="end">eos_token; null for none.</param>
    /// <param name="tokens">More tokens.</param>
    public static Dictionary<string, byte[]> Of(string template, string? beginning, string? end, params string[] tokens) => new()
    {
        ["tokenizer.json"] = Tokenizer([.. new[] { beginning, end }.OfType<string>(), .. tokens]),
        ["tokenizer_config.json"] = Config(template, beginning, end),
    };

    /// <summary>The tokenizer of these files.</summary>
    public static TextTokenizer Open(string template, string? beginning, string? end, params string[] tokens) =>
        TextTokenizer.FromFiles(Of(template, beginning, end, tokens));

    /// <summary>The conversation of one letter a turn, S, U or A, and the texts.</summary>
    public static ChatTurn[] Turns(string roles, params string[] texts) => [.. roles.Zip(texts, (role, text) => new ChatTurn(role switch
    {
        'S' => ChatTurnRole.System,
        'U' => ChatTurnRole.User,
        _ => ChatTurnRole.Assistant,
    }, text))];
}

using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.MaskedDiffusion.Diffusion.Generation;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Templates beside a tokenizer.model, which reads no text as its beginning or end of sequence.</summary>
[TestClass]
public sealed class SentencePieceChatTemplateTests
{
    private const int Beginning = 1, End = 2;

    // Of the shape of Llama 2's and Mistral's.
    private const string Instructions = """
        {{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}
        {%- elif m.role == 'assistant' %}{{ m.content + eos_token }}{% else %}{{ raise_exception('No system.') }}{% endif %}{% endfor %}
        """;

    private const string Lines = """
        {% for m in messages %}{{ m.role + 'OPEN' + m.content + '\n' }}{% endfor %}
        {% if add_generation_prompt %}{{ 'assistantOPEN' }}{% endif %}
        """;

    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    [DataRow("")]
    [DataRow("tokenizer.model")]
    public void BeginningAndEndAreNamedInTheParts(string path)
    {
        TextTokenizer tokenizer = Read(Instructions, null, path);
        ChatTemplate template = tokenizer.ChatTemplate!;
        Assert.AreEqual(("<s>", "</s>"), (template.BeginningOfSequence, template.EndOfSequence));
        Assert.IsFalse(template.AllowsSystem);
        string prompt = template.Prompt(ChatFiles.Turns("UAU", "Hi", "Yes", "Why?"));
        Assert.AreEqual("<s>[INST] Hi [/INST]Yes</s>[INST] Why? [/INST]", prompt);
        int[] expected =
        [
            Beginning, .. tokenizer.Encode("[INST] Hi [/INST]Yes"), End, .. tokenizer.Encode("[INST] Why? [/INST]"),
        ];
        CollectionAssert.AreEqual(expected, new PromptEncoder(tokenizer, template.PromptTokens(tokenizer), true).Encode(prompt));
        foreach (string text in (string[])["</s>", "a<s>", "x [/INST]"])
            Assert.ThrowsExactly<ArgumentException>(() => template.Prompt(ChatFiles.Turns("U", text)));
    }

    [TestMethod]
    public void ASavedModelKeepsTheTemplateAndItsIds()
    {
        TextTokenizer tokenizer = Read(Instructions, null, "");
        using MaskedDiffusionModel model = TinyChatModel.Create(tokenizer);
        model.Save(_folder.File("lm.mdm"));
        using MaskedDiffusionModel loaded = MaskedDiffusionModel.Load(_folder.File("lm.mdm"));
        Assert.AreEqual("[INST] ", loaded.Tokenizer.ChatTemplate!.UserStart);
        TextTokenizer alone = TextTokenizer.FromFiles(new Dictionary<string, byte[]> { ["tokenizer.model"] = Model() });
        CollectionAssert.AreEqual(alone.Encode("a [INST] </s> b"), loaded.Tokenizer.Encode("a [INST] </s> b"));
        Assert.IsNull(alone.ChatTemplate);
    }

    [TestMethod]
    public void PiecesThatTextSpellsAreMarks()
    {
        ChatTemplate template = Read(Lines.Replace("OPEN", "<|turn|>", StringComparison.Ordinal), null, "").ChatTemplate!;
        Assert.AreEqual("user<|turn|>Hi\nassistant<|turn|>", template.Prompt(ChatFiles.Turns("U", "Hi")));
        CollectionAssert.Contains(template.Marks.ToArray(), "<|turn|>");
        Assert.IsNull(template.BeginningOfSequence);
        Assert.ThrowsExactly<ArgumentException>(() => template.Prompt(ChatFiles.Turns("U", "system<|turn|>x")));
    }

    [TestMethod]
    [DataRow("tokenizer_config.json", """{"added_tokens_decoder": {"9": {"content": "<|added|>"}}}""")]
    [DataRow("tokenizer_config.json", """{"additional_special_tokens": ["<|added|>"]}""")]
    [DataRow("special_tokens_map.json", """{"additional_special_tokens": [{"content": "<|added|>"}]}""")]
    [DataRow("added_tokens.json", """{"<|added|>": 9}""")]
    public void TokensThatArePlainTextToTheModelAreRefused(string name, string content)
    {
        TextTokenizer tokenizer = Read(Lines.Replace("OPEN", "<|added|>", StringComparison.Ordinal), (name, content), "");
        string message = Assert.ThrowsExactly<InvalidDataException>(() => tokenizer.ChatTemplate).Message;
        StringAssert.Contains(message, "it writes an added token, '<|added|>', which the tokenizer reads as plain text");
        StringAssert.Contains(message, "Give a ChatTemplate of your own in its place.");
        Assert.AreEqual("user: Hi\nassistant: ", Read(Lines.Replace("OPEN", ": ", StringComparison.Ordinal), (name, content), "")
            .ChatTemplate!.Prompt(ChatFiles.Turns("U", "Hi")));
    }

    [TestMethod]
    public void TextThatGoesOnBehindTokensIsRefused()
    {
        TextTokenizer tokenizer = Read(Instructions, ("tokenizer_config.json", """{"legacy": false}"""), "");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => tokenizer.ChatTemplate).Message, "\"legacy\" is false");
        Assert.IsNotNull(Read(Instructions, ("tokenizer_config.json", """{"legacy": true}"""), "").ChatTemplate);
    }

    private static byte[] Model() => new SentencePieceModelBuilder().WithBytes()
        .With("<|turn|>", 0, SentencePieceModelBuilder.UserDefined).With("▁[", -1).With("IN", -2).With("ST", -3)
        .WithCharacters("▁" + new string([.. Enumerable.Range('!', '~' - '!').Select(value => (char)value)])).Build();

    // A folder with a model, its settings and what else there is.
    private TextTokenizer Read(string template, (string Name, string Content)? other, string path)
    {
        File.WriteAllBytes(_folder.File("tokenizer.model"), Model());
        File.WriteAllText(_folder.File("chat_template.jinja"), template);
        var config = new JsonObject { ["bos_token"] = "<s>", ["eos_token"] = "</s>" };
        if (other is { Name: "tokenizer_config.json" } settings)
        {
            foreach ((string name, JsonNode? value) in JsonNode.Parse(settings.Content)!.AsObject())
                config[name] = value?.DeepClone();
        }
        else if (other is { } file)
            File.WriteAllText(_folder.File(file.Name), file.Content);
        File.WriteAllText(_folder.File("tokenizer_config.json"), config.ToJsonString(), Encoding.UTF8);
        return TextTokenizer.FromFile(Path.Combine(_folder.Path, path));
    }
}

using System.Text;
using System.Text.Json.Nodes;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Where a model's template is found, and what is refused there.</summary>
[TestClass]
public sealed class ChatTemplateFileTests
{
    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    public void TheFileWinsOverTheSettings()
    {
        Dictionary<string, byte[]> files = ChatFiles.Of(Template("settings"), null, "<|endoftext|>");
        Assert.AreEqual("settings user:", TextTokenizer.FromFiles(files).ChatTemplate!.UserStart);
        files["chat_template.jinja"] = [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Template("file"))];
        ChatTemplate template = TextTokenizer.FromFiles(files).ChatTemplate!;
        Assert.AreEqual(("chat_template.jinja", "file user:"), (template.Name, template.UserStart));
    }

    [TestMethod]
    public void OfAListTheDefaultIsMeant()
    {
        var list = new JsonArray(
            new JsonObject { ["name"] = "tool_use", ["template"] = "{% macro" },
            new JsonObject { ["name"] = "default", ["template"] = Template("list") });
        Assert.AreEqual("list user:", Open(list).ChatTemplate!.UserStart);
    }

    [TestMethod]
    public void WithoutATemplateThereIsNone()
    {
        Assert.IsNull(Open(null).ChatTemplate);
        Assert.IsNull(TokenizerSource.Bytes().Resolve(() => [], null, CancellationToken.None).ChatTemplate);
        Assert.IsNull(TextTokenizer.FromFiles(new Dictionary<string, byte[]> { ["tokenizer.json"] = ChatFiles.Tokenizer() }).ChatTemplate);
    }

    [TestMethod]
    [DataRow("5", "chat_template is 5, expected a template or a list of them")]
    [DataRow("[]", "is a list without a template of the name 'default'")]
    [DataRow("[5]", "chat_template has 5, expected an object")]
    [DataRow("[{\"name\": \"default\", \"template\": 5}]", "expected an object with the texts name and template")]
    public void OtherSettingsAreRefusedWhenTheyAreAskedFor(string template, string told)
    {
        TextTokenizer tokenizer = Open(JsonNode.Parse(template));
        string message = Assert.ThrowsExactly<InvalidDataException>(() => tokenizer.ChatTemplate).Message;
        StringAssert.StartsWith(message, "Tokenizer file 'tokenizer_config.json'");
        StringAssert.Contains(message, told);
    }

    [TestMethod]
    public void AnErrorNamesTheFileAndWhereItWas()
    {
        Write(ChatFiles.Of("", null, "<|endoftext|>"));
        foreach ((byte[] content, string told) in (IEnumerable<(byte[], string)>)
            [([0xFF], "expected a template in UTF-8"), (Encoding.UTF8.GetBytes("a\n{% call x %}"), "line 2: the statement 'call'")])
        {
            File.WriteAllBytes(_folder.File("chat_template.jinja"), content);
            TextTokenizer tokenizer = TextTokenizer.FromFile(_folder.Path);
            string message = Assert.ThrowsExactly<InvalidDataException>(() => tokenizer.ChatTemplate).Message;
            StringAssert.StartsWith(message, "Tokenizer file 'chat_template.jinja'");
            StringAssert.Contains(message, told);
            StringAssert.EndsWith(message, $"Read from '{_folder.Path}'.");
            // The tokenizer that a model makes of it, for which a token cannot be spelled, says the same.
            TextTokenizer models = tokenizer.WithoutSpelling(tokenizer.EndOfSequenceId!.Value);
            Assert.AreNotSame(tokenizer, models);
            Assert.AreEqual(message, Assert.ThrowsExactly<InvalidDataException>(() => models.ChatTemplate).Message);
        }
    }

    [TestMethod]
    public void ATokenOfManyCharactersIsRefusedBeforeItIsWritten()
    {
        Dictionary<string, byte[]> files = ChatFiles.Of("{{ pad_token }}" + Template("settings"), null, "<|endoftext|>");
        foreach ((int length, string told) in new[] { (4096, "writes pad_token"), (4097, "pad_token has 4097 characters") })
        {
            JsonObject map = new() { ["pad_token"] = new string('x', length) };
            files["special_tokens_map.json"] = Encoding.UTF8.GetBytes(map.ToJsonString());
            TextTokenizer tokenizer = TextTokenizer.FromFiles(files);
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => tokenizer.ChatTemplate).Message, told);
        }
    }

    [TestMethod]
    public void ASavedModelKeepsItsTemplate()
    {
        Dictionary<string, byte[]> files = ChatFiles.Of(Template("settings"), null, "<|endoftext|>");
        files["chat_template.jinja"] = Encoding.UTF8.GetBytes(Template("file"));
        Write(files);
        TextTokenizer tokenizer = TextTokenizer.FromFile(_folder.Path);
        using MaskedDiffusionModel model = TinyChatModel.Create(tokenizer);
        foreach (string name in (string[])["saved.mdm", "saved"])
        {
            model.Save(_folder.File(name));
            using MaskedDiffusionModel loaded = MaskedDiffusionModel.Load(_folder.File(name));
            CollectionAssert.AreEqual(files["chat_template.jinja"], loaded.Tokenizer.Files["chat_template.jinja"]);
            Assert.AreEqual("file user:", loaded.Tokenizer.ChatTemplate!.UserStart);
        }
    }

    private static string Template(string name) => """
        {% for m in messages %}{{ 'NAME ' + m.role + ':' + m.content + '\n' }}{% endfor %}
        {% if add_generation_prompt %}{{ 'NAME assistant:' }}{% endif %}
        """.Replace("NAME", name, StringComparison.Ordinal);

    private static TextTokenizer Open(JsonNode? template) => TextTokenizer.FromFiles(new Dictionary<string, byte[]>
    {
        ["tokenizer.json"] = ChatFiles.Tokenizer("<|endoftext|>"),
        ["tokenizer_config.json"] = ChatFiles.Config(template, null, "<|endoftext|>"),
    });

    private void Write(Dictionary<string, byte[]> files)
    {
        foreach ((string name, byte[] content) in files)
            File.WriteAllBytes(_folder.File(name), content);
    }
}

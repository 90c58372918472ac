using System.Text;
using System.Text.Json.Nodes;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>tokenizer.json, vocab.txt and the files beside them: what is read, what is preferred and what is refused.</summary>
[TestClass]
public sealed class HuggingFaceFilesTests
{
    private const string Words = "[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\ncat\n##s\n.\n";

    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    public void BeginningAndEndAreThoseOfTheSettings()
    {
        JsonObject file = Kind("llama2");
        Assert.AreEqual((null, null), Ends(file), "nothing says which they are");
        Assert.AreEqual((1, 2), Ends(file, map: """{"bos_token":"<s>","eos_token":{"content":"</s>"}}"""));
        Assert.AreEqual((1, 2), Ends(file, config: """{"bos_token":"<s>","eos_token":"</s>"}"""));
        Assert.AreEqual((null, 2), Ends(file, config: """{"bos_token":"<s>","eos_token":"</s>","add_bos_token":false}"""));
        Assert.AreEqual((null, 2), Ends(file, config: """{"bos_token":"</s>","eos_token":"</s>"}"""));
        file["post_processor"] = JsonNode.Parse("""
            {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},
            {"SpecialToken":{"id":"</s>","type_id":0}}],"pair":[],"special_tokens":{}}
            """);
        Assert.AreEqual((1, 2), Ends(file));
        file["post_processor"] = JsonNode.Parse("""{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true}""");
        Assert.AreEqual((null, 2), Ends(file, map: """{"bos_token":"<s>","eos_token":"</s>"}"""), "the file puts nothing before a text");
        StringAssert.Contains(
            Assert.Throws<InvalidDataException>(() => Ends(file, map: """{"eos_token":"<eos>"}""")).Message,
            "special_tokens_map.json': eos_token is '<eos>'");
    }

    [TestMethod]
    [DataRow("DreamTokenizer")]
    [DataRow("Qwen2Tokenizer")]
    public void QwensTwoFilesMeanWhatItsTokenizerJsonSays(string name)
    {
        JsonObject whole = Kind("qwen2 and dream");
        TextTokenizer expected = TextTokenizer.FromFiles(new Dictionary<string, byte[]>
        {
            ["tokenizer.json"] = Encoding.UTF8.GetBytes(whole.ToJsonString()),
        });
        JsonObject added = [];
        foreach (JsonNode? token in whole["added_tokens"]!.AsArray())
            added[token!["id"]!.ToString()] = token.DeepClone();
        var config = new JsonObject { ["tokenizer_class"] = name, ["added_tokens_decoder"] = added, ["mask_token"] = "<|mask|>" };
        Write("vocab.json", Encoding.UTF8.GetBytes(whole["model"]!["vocab"]!.ToJsonString()));
        Write("merges.txt", Encoding.UTF8.GetBytes(string.Join('\n', whole["model"]!["merges"]!.AsArray().Select(pair =>
            pair is JsonArray parts ? $"{parts[0]} {parts[1]}" : pair!.ToString()))));
        Write("tokenizer_config.json", config.ToJsonString());
        TextTokenizer read = TextTokenizer.FromFile(_folder.Path);
        Assert.AreEqual(expected.VocabularySize, read.VocabularySize);
        Assert.IsNotNull(read.MaskTokenId);
        foreach (string text in (string[])[.. NastyTexts.Create(5, 200), "a<|im_start|>b 12 345", "e\u0301 o'clock"])
            CollectionAssert.AreEqual(expected.Encode(text), read.Encode(text), text);
        Assert.IsFalse(read.Files.ContainsKey("chat_template.jinja"));
        Write("chat_template.jinja", "a");
        Assert.AreEqual("a", Encoding.UTF8.GetString(TextTokenizer.FromFile(_folder.Path).Files["chat_template.jinja"]));
        Write("merges.txt", "");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => TextTokenizer.FromFile(_folder.Path)).Message, "cut off");
        // What is kept makes the same tokenizer again.
        CollectionAssert.AreEqual(read.Encode("one 12 two"), TextTokenizer.FromFiles(read.Files).Encode("one 12 two"));
    }

    [TestMethod]
    public void AFolderPrefersTokenizerJsonToVocabAndMerges()
    {
        Write("vocab.json", Corpora.ByteLevel.Files["vocab.json"]);
        Write("merges.txt", Corpora.ByteLevel.Files["merges.txt"]);
        Write("tokenizer.json", TokenizerJson.Kinds["qwen2 and dream"]());
        Assert.IsTrue(TextTokenizer.FromFile(_folder.Path).Files.ContainsKey("tokenizer.json"));
        StringAssert.Contains(
            Assert.Throws<InvalidDataException>(() => TextTokenizer.FromFile(_folder.File("vocab.json"))).Message, "says another one");
        Write("tokenizer.json", TokenizerJson.Kinds["gpt2"]());
        Assert.AreEqual(400, TextTokenizer.FromFile(_folder.File("merges.txt")).VocabularySize, "GPT-2's pattern is that of the two files");
    }

    [TestMethod]
    [DataRow("""{"tokenizer_class":"LlamaTokenizer"}""", "LlamaTokenizer")]
    [DataRow("""{"tokenizer_class":"Qwen2Tokenizer"}""", "added_tokens_decoder")]
    [DataRow("""{"tokenizer_class":"DreamTokenizer","added_tokens_decoder":{"x":{}}}""", "added_tokens_decoder")]
    [DataRow("""{"tokenizer_class":"GPT2Tokenizer","add_prefix_space":true}""", "add_prefix_space")]
    [DataRow("""{"tokenizer_class":"GPT2TokenizerFast"}""", null)]
    [DataRow("""{}""", null)]
    public void VocabAndMergesMeanGpt2sPattern(string config, string? told)
    {
        Write("vocab.json", Corpora.ByteLevel.Files["vocab.json"]);
        Write("merges.txt", Corpora.ByteLevel.Files["merges.txt"]);
        Write("tokenizer_config.json", config);
        if (told is null)
            Assert.AreEqual(400, TextTokenizer.FromFile(_folder.Path).VocabularySize);
        else
            StringAssert.Contains(Assert.Throws<InvalidDataException>(() => TextTokenizer.FromFile(_folder.Path)).Message, told);
    }

    [TestMethod]
    [DataRow("normalizer", """{"type":"Nmt"}""", "normalizer is of the kind 'Nmt'")]
    [DataRow("pre_tokenizer", """{"type":"UnicodeScripts"}""", "'UnicodeScripts'")]
    [DataRow("pre_tokenizer", """{"type":"Split","pattern":{"Regex":"\\p{Han}"},"behavior":"Isolated"}""", @"\p{Han}")]
    [DataRow("pre_tokenizer", """{"type":"Split","pattern":{"String":"a"},"behavior":"Kept"}""", "'Kept'")]
    [DataRow("pre_tokenizer", """{"type":"Sequence","pretokenizers":[{"type":"X"}]}""", "pretokenizers[0] is of the kind 'X'")]
    [DataRow("decoder", """{"type":"CTC"}""", "decoder is of the kind 'CTC'")]
    [DataRow("model", """{"type":"Neural"}""", "model is of the kind 'Neural'")]
    [DataRow("model", """{"vocab":{}}""", "model lacks type")]
    [DataRow("model", """{"type":"BPE","vocab":{"a":0},"merges":["a b"]}""", "needs the token")]
    [DataRow("model", """{"type":"BPE","vocab":{"a":0},"merges":[],"dropout":0.1}""", "dropout")]
    [DataRow("model", """{"type":"BPE","vocab":{"a":0},"merges":[],"unk_token":"x"}""", "unknown token 'x'")]
    [DataRow("model", """{"type":"BPE","vocab":{"a":0,"b":0},"merges":[]}""", "'b'")]
    [DataRow("model", """{"type":"Unigram","vocab":[["a",-1]],"unk_id":7}""", "unk_id 7")]
    [DataRow("model", null, "lacks model")]
    [DataRow("added_tokens", """[{"id":9,"content":"x"}]""", "its place in the vocabulary gives it")]
    public void WhatIsNotKnownIsRefusedByName(string part, string? content, string told)
    {
        JsonObject file = Kind("gpt2");
        file["added_tokens"] = new JsonArray();
        file[part] = content is null ? null : JsonNode.Parse(content);
        Write("tokenizer.json", file.ToJsonString());
        string message = Assert.Throws<InvalidDataException>(() => TextTokenizer.FromFile(_folder.Path)).Message;
        StringAssert.Contains(message, told);
        StringAssert.Contains(message, "tokenizer.json");
        StringAssert.Contains(message, _folder.Path);
    }

    [TestMethod]
    public void TextAfterAGapHasNoMarkerBeforeIt()
    {
        foreach (string kind in (string[])["llama2", "llama2 with Metaspace", "unigram"])
        {
            TextTokenizer tokenizer = Open(Kind(kind));
            int[] whole = tokenizer.Encode("the string the");
            int[] first = tokenizer.Encode("the");
            CollectionAssert.AreEqual(whole, (int[])[.. first, .. tokenizer.EncodeInside(" string the")], kind);
            Assert.AreEqual(" string the", tokenizer.DecodeInside(whole[first.Length..]), kind);
            Assert.AreEqual("the string the", tokenizer.Decode(whole), kind);
        }
    }

    [TestMethod]
    public void OffsetsAreThoseOfTheNormalizedText()
    {
        TextTokenizer tokenizer = Open(Kind("qwen2 and dream"));
        var tokens = tokenizer.Tokenizer.EncodeToTokens("e\u0301 日本<|im_end|>x", out string? normalized);
        Assert.AreEqual("é 日本<|im_end|>x", normalized);
        Assert.AreEqual(normalized, string.Concat(tokens.Select(token => normalized![token.Offset])));
        Assert.AreEqual("<|im_end|>", tokens[^2].Value);
    }

    [TestMethod]
    [DataRow("the cats.", null, "4 5 6 7")]
    [DataRow("The CATS .", null, "4 5 6 7")]
    [DataRow("The CATS .", """{"do_lower_case":false}""", "0 0 7")]
    [DataRow("thé\u0000 cat[MASK]dog", null, "4 5 3 0")]
    public void AWordPieceVocabularyIsReadAsBerts(string text, string? config, string expected)
    {
        Write("vocab.txt", "\uFEFF" + Words);
        if (config is not null)
            Write("tokenizer_config.json", config);
        TextTokenizer tokenizer = TextTokenizer.FromFile(_folder.Path);
        Assert.AreEqual(expected, string.Join(' ', tokenizer.Encode(text)));
        Assert.AreEqual((1, 2, 8), (tokenizer.BeginningOfSequenceId, tokenizer.EndOfSequenceId, tokenizer.VocabularySize));
        Assert.AreEqual("the cats.", tokenizer.Decode([1, 4, 5, 6, 7, 2]));
        Assert.AreEqual(expected, string.Join(' ', TextTokenizer.FromFiles(tokenizer.Files).Encode(text)));
    }

    [TestMethod]
    [DataRow("a\na\n[UNK]\n", null, "line 2")]
    [DataRow("a\n", null, "[UNK]")]
    [DataRow(Words, """{"do_basic_tokenize":false}""", "do_basic_tokenize")]
    public void AWordPieceVocabularyThatIsNoneIsRefused(string words, string? config, string told)
    {
        Write("vocab.txt", words);
        if (config is not null)
            Write("tokenizer_config.json", config);
        StringAssert.Contains(
            Assert.Throws<InvalidDataException>(() => TokenizerSource.FromFile(_folder.File("vocab.txt"))).Message, told);
    }

    [TestMethod]
    public void AByteOrderMarkIsSkipped()
    {
        byte[] mark = [0xEF, 0xBB, 0xBF];
        var files = new Dictionary<string, byte[]>
        {
            ["vocab.json"] = [.. mark, .. Corpora.ByteLevel.Files["vocab.json"]],
            ["merges.txt"] = [.. mark, .. Corpora.ByteLevel.Files["merges.txt"]],
            ["special_tokens_map.json"] = [.. mark, .. """{"eos_token":"<|endoftext|>"}"""u8],
        };
        Assert.AreEqual(399, TextTokenizer.FromFiles(files).EndOfSequenceId);
        Write("tokenizer.json", "\uFEFF" + TokenizerJson.Kinds["gpt2"]());
        Assert.IsGreaterThan(256, TextTokenizer.FromFile(_folder.Path).VocabularySize);
    }

    [TestMethod]
    [DataRow("tokenizer.json")]
    [DataRow("tokenizer.model")]
    [DataRow("vocab.txt")]
    [DataRow("my.tiktoken")]
    public void AFileOfAnAbsurdSizeIsNotRead(string name)
    {
        using (FileStream file = File.Create(_folder.File(name)))
            file.SetLength((256L << 20) + 1);
        string message = Assert.Throws<InvalidDataException>(() => name == "my.tiktoken"
            ? TokenizerSource.FromTiktoken(_folder.File(name), "gpt2") : TokenizerSource.FromFile(_folder.File(name))).Message;
        StringAssert.Contains(message, "256 MB");
        StringAssert.Contains(message, name);
    }

    [TestMethod]
    public void AMissingEndIsToldWithTheFilesThatWereRead()
    {
        Write("tokenizer.json", Kind("llama2").ToJsonString());
        string told = TextTokenizer.FromFile(_folder.Path).EndOfSequencePlaces;
        Assert.AreEqual(
            $"eos_token in special_tokens_map.json / tokenizer_config.json, nor a token <|endoftext|> of '{_folder.Path}'", told);
    }

    [TestMethod]
    public void SavedModelsKeepTheTokenizer()
    {
        foreach (string kind in (string[])["words", "bert uncased"])
        {
            TextTokenizer tokenizer = Open(Kind(kind));
            using var model = new MaskedDiffusionModel(TinyModel.Create().Network, tokenizer);
            foreach (string name in (string[])[$"{kind}.mdm", kind])
            {
                model.Save(_folder.File(name));
                using MaskedDiffusionModel loaded = MaskedDiffusionModel.Load(_folder.File(name));
                CollectionAssert.AreEqual(tokenizer.Encode("the string, 日本."), loaded.Tokenizer.Encode("the string, 日本."));
                Assert.AreEqual(tokenizer.ContentHash, loaded.Tokenizer.ContentHash);
            }
        }
    }

    private static JsonObject Kind(string kind) => JsonNode.Parse(TokenizerJson.Kinds[kind]())!.AsObject();

    private static TextTokenizer Open(JsonObject file, string? map = null, string? config = null)
    {
        var files = new Dictionary<string, byte[]> { ["tokenizer.json"] = Encoding.UTF8.GetBytes(file.ToJsonString()) };
        if (map is not null)
            files["special_tokens_map.json"] = Encoding.UTF8.GetBytes(map);
        if (config is not null)
            files["tokenizer_config.json"] = Encoding.UTF8.GetBytes(config);
        return TextTokenizer.FromFiles(files);
    }

    private static (int?, int?) Ends(JsonObject file, string? map = null, string? config = null)
    {
        TextTokenizer tokenizer = Open(file, map, config);
        return (tokenizer.BeginningOfSequenceId, tokenizer.EndOfSequenceId);
    }

    private void Write(string name, string content) => Write(name, Encoding.UTF8.GetBytes(content));

    private void Write(string name, byte[] content) => File.WriteAllBytes(_folder.File(name), content);
}

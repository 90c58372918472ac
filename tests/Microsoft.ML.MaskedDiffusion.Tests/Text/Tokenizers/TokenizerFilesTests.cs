using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class TokenizerFilesTests
{
    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    public void AFolderAndEitherFileLeadToTheVocabulary()
    {
        Write("vocab.json", Corpora.ByteLevel.Files["vocab.json"]);
        Write("merges.txt", Corpora.ByteLevel.Files["merges.txt"]);
        int[] expected = Corpora.ByteLevel.Encode("the string and the rest");
        string[] paths = [_folder.Path, _folder.Path + Path.DirectorySeparatorChar, PathOf("vocab.json"), PathOf("merges.txt")];
        foreach (string path in paths)
            CollectionAssert.AreEqual(expected, TextTokenizer.FromFile(path).Encode("the string and the rest"), path);
    }

    [TestMethod]
    public void APrefixIsKept()
    {
        Write("my-vocab.json", Corpora.ByteLevel.Files["vocab.json"]);
        Write("my-merges.txt", Corpora.ByteLevel.Files["merges.txt"]);
        Assert.AreEqual(400, TextTokenizer.FromFile(PathOf("my-vocab.json")).VocabularySize);
    }

    [TestMethod]
    public void ASentencePieceModelIsTakenFirst()
    {
        Write("vocab.json", Corpora.ByteLevel.Files["vocab.json"]);
        Write("tokenizer.model", new SentencePieceModelBuilder().WithBytes().WithCharacters("▁ab").Build());
        Assert.AreEqual(262, TextTokenizer.FromFile(_folder.Path).VocabularySize);
    }

    [TestMethod]
    public void WhatIsMissingIsNamed()
    {
        Assert.Throws<FileNotFoundException>(() => TextTokenizer.FromFile(_folder.Path));
        Assert.Throws<FileNotFoundException>(() => TextTokenizer.FromFile(PathOf("none.model")));
        Write("vocab.json", Corpora.ByteLevel.Files["vocab.json"]);
        StringAssert.Contains(
            Assert.Throws<FileNotFoundException>(() => TextTokenizer.FromFile(PathOf("vocab.json"))).Message, "merges.txt");
        Write("text.txt", [1]);
        StringAssert.Contains(Assert.Throws<InvalidDataException>(() => TokenizerSource.FromFile(PathOf("text.txt"))).Message, "text.txt");
        StringAssert.Contains(
            Assert.Throws<InvalidDataException>(() => TextTokenizer.FromFiles(new Dictionary<string, byte[]>())).Message, "vocab.json");
    }

    [TestMethod]
    [DataRow("no json", "no JSON")]
    [DataRow("[1]", "got a JSON array")]
    [DataRow("{\"a\": \"x\"}", "'a' has the id \"x\"")]
    [DataRow("{\"a\": 0, \"b\": 0}", "'a' and 'b' share the id 0")]
    [DataRow("{\"a\": 0, \"b\": 7}", "0 .. 1")]
    [DataRow("{\"a\": -1}", "has the id -1")]
    [DataRow("{\"a\": 0, \"a\": 1}", "twice")]
    [DataRow("{\"a\": 0}", "byte 0x00")]
    [DataRow("{\"\\ud800\": 0}", "not valid Unicode")]
    [DataRow("{\"a\": \"\\ud800\"}", "byte 6 is not valid Unicode")]
    [DataRow("{}", "byte 0x00")]
    public void AWrongVocabularyIsRefused(string content, string told)
    {
        var error = Assert.Throws<InvalidDataException>(() => TextTokenizer.FromFiles(Files(vocabulary: content)));
        StringAssert.Contains(error.Message, "vocab.json");
        StringAssert.Contains(error.Message, told);
    }

    [TestMethod]
    [DataRow("t h e", "line 1 is 't h e'")]
    [DataRow("#version: 0.2\nth", "line 2 is 'th'")]
    [DataRow("\u0100 nowhere", "'nowhere' is not in vocab.json")]
    public void WrongMergesAreRefused(string content, string told)
    {
        var error = Assert.Throws<InvalidDataException>(() => TextTokenizer.FromFiles(Files(merges: content)));
        StringAssert.Contains(error.Message, "merges.txt");
        StringAssert.Contains(error.Message, told);
    }

    [TestMethod]
    public void TheFolderOfQwensFilesIsTold()
    {
        Write("vocab.json", Corpora.ByteLevel.Files["vocab.json"]);
        Write("merges.txt", Encoding.UTF8.GetBytes("t h e"));
        Write("tokenizer_config.json", Encoding.UTF8.GetBytes("""{"tokenizer_class": "Qwen2Tokenizer"}"""));
        string message = Assert.ThrowsExactly<InvalidDataException>(() => TextTokenizer.FromFile(_folder.Path)).Message;
        StringAssert.Contains(message, "line 1 is 't h e'");
        StringAssert.Contains(message, $"Read from '{_folder.Path}");
        Write("tokenizer_config.json", Encoding.UTF8.GetBytes("[]"));
        message = Assert.ThrowsExactly<InvalidDataException>(() => TextTokenizer.FromFile(_folder.Path)).Message;
        StringAssert.Contains(message, $"Read from '{_folder.Path}");
    }

    [TestMethod]
    [DataRow("5")]
    [DataRow("null")]
    [DataRow("\"Sequence\"")]
    public void AnotherWayOfSplittingIsRefusedWhateverNamesIt(string type)
    {
        Write("vocab.json", Corpora.ByteLevel.Files["vocab.json"]);
        Write("merges.txt", Corpora.ByteLevel.Files["merges.txt"]);
        Write("tokenizer.json", Encoding.UTF8.GetBytes($$$"""{"pre_tokenizer": {"type": {{{type}}}, "add_prefix_space": false}}"""));
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => TextTokenizer.FromFile(PathOf("vocab.json"))).Message, "says another one");
    }

    [TestMethod]
    public void BytesThatAreNotUtf8AreToldOfJsonFiles()
    {
        var files = new Dictionary<string, byte[]>(Files()) { ["special_tokens_map.json"] = [.. "{\"bos_token\":\""u8, 0xCF, .. "\"}"u8] };
        string message = Assert.ThrowsExactly<InvalidDataException>(() => TextTokenizer.FromFiles(files)).Message;
        StringAssert.Contains(message, "special_tokens_map.json");
        StringAssert.Contains(message, "UTF-8");
    }

    [TestMethod]
    public void AMessageShowsTheBeginningOfALongLine()
    {
        string line = new('x', 1_000_000);
        Limit.Below(300, Assert.ThrowsExactly<InvalidDataException>(
            () => TextTokenizer.FromFiles(Files(merges: line))).Message.Length);
        Limit.Below(300, Assert.ThrowsExactly<InvalidDataException>(
            () => TextTokenizer.FromFiles(Files(vocabulary: $$"""{"{{line}}":"{{line}}"}"""))).Message.Length);
    }

    [TestMethod]
    public void AMergeIsThereOnce()
    {
        string merges = Encoding.UTF8.GetString(Corpora.ByteLevel.Files["merges.txt"]);
        string first = merges.Split('\n')[1];
        StringAssert.Contains(
            Assert.Throws<InvalidDataException>(() => TextTokenizer.FromFiles(Files(merges: merges + first))).Message,
            $"repeats the merge '{first}'");
    }

    [TestMethod]
    public void ABinaryFileIsNoMergesFile() => StringAssert.Contains(Assert.Throws<InvalidDataException>(() => TextTokenizer.FromFiles(
        new Dictionary<string, byte[]>(Files()) { ["merges.txt"] = [0xFF, 0xFE, 0x80] })).Message, "UTF-8");

    [TestMethod]
    public void ASpecialTokensMapSetsBeginningAndEnd()
    {
        Dictionary<string, byte[]> files = Files();
        files["special_tokens_map.json"] = Encoding.UTF8.GetBytes("""{"bos_token": "a", "eos_token": {"content": "<|endoftext|>"}}""");
        TextTokenizer tokenizer = TextTokenizer.FromFiles(files);
        Assert.AreEqual('a', tokenizer.BeginningOfSequenceId);
        Assert.AreEqual(399, tokenizer.EndOfSequenceId);
        files["special_tokens_map.json"] = Encoding.UTF8.GetBytes("""{"eos_token": "</s>"}""");
        StringAssert.Contains(Assert.Throws<InvalidDataException>(() => TextTokenizer.FromFiles(files)).Message, "</s>");
    }

    [TestMethod]
    [DataRow("tokenizer.model")]
    [DataRow("other.model")]
    public void AFileThatIsNoSentencePieceModelIsRefused(string name)
    {
        foreach (byte[] content in (byte[][])[[], "just some plain text"u8.ToArray(), [0x0A, 0xFF, 0x01], [0x00]])
        {
            Write(name, content);
            var error = Assert.Throws<InvalidDataException>(() => TextTokenizer.FromFile(PathOf(name)));
            StringAssert.Contains(error.Message, name);
            StringAssert.Contains(error.Message, "SentencePiece");
        }
    }

    [TestMethod]
    public void ASentencePieceModelThatIsCutOffAnywhereIsRefused()
    {
        byte[] whole = new SentencePieceModelBuilder().With("\u2581a", -1).WithCharacters("\u2581abc").Build();
        Assert.AreEqual(8, TextTokenizer.FromFiles(new Dictionary<string, byte[]> { ["tokenizer.model"] = whole }).VocabularySize);
        for (int length = 0; length < whole.Length; length++)
        {
            var files = new Dictionary<string, byte[]> { ["tokenizer.model"] = whole[..length] };
            StringAssert.Contains(
                Assert.Throws<InvalidDataException>(() => TextTokenizer.FromFiles(files), $"{length} bytes").Message, "SentencePiece");
        }
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(60)]
    public void MergesThatAreCutOffAreRefused(int kept)
    {
        string[] lines = Encoding.UTF8.GetString(Files()["merges.txt"]).Split('\n');
        string merges = string.Join('\n', lines.Take(kept));
        StringAssert.Contains(Assert.Throws<InvalidDataException>(() => TextTokenizer.FromFiles(Files(merges: merges))).Message,
            "'merges.txt'");
        StringAssert.Contains(Assert.Throws<InvalidDataException>(() => TextTokenizer.FromFiles(Files(merges: merges))).Message,
            "empty or cut off");
    }

    private static Dictionary<string, byte[]> Files(string? vocabulary = null, string? merges = null)
    {
        var files = new Dictionary<string, byte[]>(Corpora.ByteLevel.Files);
        if (vocabulary is not null)
            files["vocab.json"] = Encoding.UTF8.GetBytes(vocabulary);
        if (merges is not null)
            files["merges.txt"] = Encoding.UTF8.GetBytes(merges);
        return files;
    }

    private string PathOf(string name) => Path.Combine(_folder.Path, name);

    private void Write(string name, byte[] content) => File.WriteAllBytes(PathOf(name), content);
}

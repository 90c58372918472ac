using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class TiktokenTests
{
    private static readonly Dictionary<string, int> Special = new() { ["<|end|>"] = 300, ["<|user|>"] = 301 };

    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    // The package splits text by UTF-16 units, so texts with letters and numbers beyond the basic plane are left out here.
    [TestMethod]
    [DataRow("gpt2", "gpt2")]
    [DataRow("cl100k_base", "gpt-4")]
    [DataRow("o200k_base", "gpt-4o")]
    public void ATokenizerMadeByNameIsMadeAgain(string encoding, string model)
    {
        TiktokenTokenizer given = TiktokenTokenizer.CreateForModel(model);
        TextTokenizer tokenizer = Resolve(TokenizerSource.FromTokenizer(given));
        TextTokenizer copy = TextTokenizer.FromFiles(tokenizer.Files);
        TextTokenizer named = Resolve(TokenizerSource.FromTiktokenEncoding(encoding));
        int compared = 0;
        foreach (string text in NastyTexts.Create(5, 1500).Where(text => !text.EnumerateRunes().Any(IsWordBeyondBasicPlane)
            && !text.Contains('ſ') && !text.Contains('K')))
        {
            CollectionAssert.AreEqual(given.EncodeToIds(text).ToArray(), copy.Encode(text), text);
            Assert.AreEqual(text, named.Decode(named.Encode(text)));
            compared++;
        }
        Assert.IsGreaterThan(500, compared);
        Assert.AreEqual(given.SpecialTokens!["<|endoftext|>"], copy.EndOfSequenceId);
        Assert.IsNull(copy.BeginningOfSequenceId);
        StringAssert.Contains(TokenizerSource.FromTokenizer(given).Describe(), tokenizer.ContentHash);
    }

    [TestMethod]
    public void TokensBeyondTheBasicPlaneAreTiktokensOwn()
    {
        TextTokenizer tokenizer = Resolve(TokenizerSource.FromTiktokenEncoding("cl100k_base"));
        int[] apart = [.. tokenizer.Encode("𠀀"), .. tokenizer.Encode("'s")];
        CollectionAssert.AreEqual(apart, tokenizer.Encode("𠀀's"));
        CollectionAssert.AreEqual(tokenizer.Encode("<|endoftext|>").Distinct().ToArray(), tokenizer.Encode("<|endoftext|>").Distinct()
            .Where(id => id != 100257).ToArray(), "text that spells a special token is text");
    }

    [TestMethod]
    public void AFileTakesItsEncodingOrItsPatternAndSpecialTokens()
    {
        string path = _folder.File("small.tiktoken");
        File.WriteAllText(path, Small());
        TextTokenizer tokenizer = Resolve(TokenizerSource.FromTiktoken(path, @"\p{L}++|\s++$|[^\p{L}]", Special, "<|end|>"));
        CollectionAssert.AreEqual(new[] { 257, 'c', ' ', 'a' }, tokenizer.Encode("abc a"));
        Assert.AreEqual((302, 300), (tokenizer.VocabularySize, tokenizer.EndOfSequenceId));
        Assert.AreEqual("abc", tokenizer.Decode([257, 'c', 300, 301]));
        TextTokenizer copy = TextTokenizer.FromFiles(tokenizer.Files);
        CollectionAssert.AreEqual(tokenizer.Encode("ababc é"), copy.Encode("ababc é"));
        foreach ((string name, byte[] content) in tokenizer.Files)
            File.WriteAllBytes(_folder.File(name), content);
        Assert.AreEqual(302, TextTokenizer.FromFile(_folder.Path).VocabularySize, "a folder with both files");
        Assert.AreEqual(50257, Resolve(TokenizerSource.FromTiktoken(path, "gpt2")).VocabularySize);
    }

    [TestMethod]
    public void WhatAFileDoesNotSayIsAskedFor()
    {
        string path = _folder.File("small.tiktoken");
        File.WriteAllText(path, Small());
        StringAssert.Contains(Assert.Throws<InvalidDataException>(() => TokenizerSource.FromFile(path)).Message, "FromTiktoken");
        StringAssert.Contains(
            Assert.Throws<ArgumentException>(() => TokenizerSource.FromTiktoken(path, "davinci")).Message,
            "'davinci'; it must be one of gpt2");
        StringAssert.Contains(
            Assert.Throws<ArgumentException>(() => TokenizerSource.FromTiktoken(path, "a", Special, "<|none|>")).Message, "<|none|>");
        StringAssert.Contains(
            Assert.Throws<InvalidDataException>(() => TokenizerSource.FromTiktoken(path, @"\b", Special)).Message, @"\b");
        StringAssert.Contains(
            Assert.Throws<FileNotFoundException>(() => TokenizerSource.FromTiktokenEncoding("p50k_base")).Message, "P50kBase");
        var taken = new Dictionary<string, int> { ["<|end|>"] = 5 };
        StringAssert.Contains(
            Assert.Throws<InvalidDataException>(() => TokenizerSource.FromTiktoken(path, "a", taken)).Message, "no free id");
    }

    [TestMethod]
    [DataRow("no base64\n", "line 1")]
    [DataRow("YQ== 1\nYQ== 2\n", "line 2")]
    [DataRow("YQ== 1\nYg== 1\n", "line 2")]
    [DataRow("YQ== x\n", "line 1")]
    [DataRow("YQ== 1\n", "byte 0x00")]
    public void ADamagedFileIsRefused(string content, string told)
    {
        string path = _folder.File("small.tiktoken");
        File.WriteAllText(path, content);
        StringAssert.Contains(Assert.Throws<InvalidDataException>(() => TokenizerSource.FromTiktoken(path, "gpt2")).Message, told);
    }

    [TestMethod]
    [DataRow("""{"pattern":"a","end_of_sequence":[1]}""", "end_of_sequence is [1]")]
    [DataRow("""{"pattern":"a","end_of_sequence":"\ud800"}""", "not valid Unicode")]
    [DataRow("""{"pattern":"a","end_of_sequence":"<end>"}""", "end_of_sequence is \"<end>\", expected a token")]
    [DataRow("""{"pattern":"a","special_tokens":["<end>"]}""", "special_tokens is [\"<end>\"], expected")]
    [DataRow("""{"pattern":"a","special_tokens_in_text":"yes"}""", "special_tokens_in_text is \"yes\", expected true or false")]
    [DataRow("""{"pattern":"a","special_tokens":{"<end>":16000000}}""", "no free id up to 4194304")]
    public void DamagedSettingsAreRefused(string settings, string told)
    {
        var files = new Dictionary<string, byte[]>
        {
            ["tokenizer.tiktoken"] = Encoding.ASCII.GetBytes(Small()), ["tiktoken.json"] = Encoding.UTF8.GetBytes(settings),
        };
        string message = Assert.ThrowsExactly<InvalidDataException>(() => TextTokenizer.FromFiles(files)).Message;
        StringAssert.Contains(message, "tiktoken.json");
        StringAssert.Contains(message, told);
    }

    [TestMethod]
    public void ObjectsThatSayTooLittleNameTheFilesToGive()
    {
        var special = new Dictionary<string, int> { ["<|endoftext|>"] = 256 };
        using var ranks = new MemoryStream(Encoding.ASCII.GetBytes(Small()));
        Refused(TiktokenTokenizer.Create(ranks, null, null, special), "FromTiktoken");
        Refused(Corpora.ByteLevel.Tokenizer, "merges");
        Refused(TextTokenizer.FromFile(Golden.PathOf("tokenizers", "bpe_llama.model")).Tokenizer, "pass the TextTokenizer");
        using FileStream model = File.OpenRead(Golden.PathOf("tokenizers", "bpe_llama.model"));
        Refused(SentencePieceTokenizer.Create(model), "tokenizer.model");
        using var words = new MemoryStream("[UNK]\n[CLS]\n[SEP]\n[PAD]\n[MASK]\nthe\n"u8.ToArray());
        Refused(BertTokenizer.Create(words), "vocab.txt");

        static void Refused(Tokenizer tokenizer, string told) => StringAssert.Contains(
            Assert.Throws<NotSupportedException>(() => TokenizerSource.FromTokenizer(tokenizer)).Message, told);
    }

    [TestMethod]
    public void AnObjectIsCheckedAgainstItsFiles()
    {
        File.WriteAllBytes(_folder.File("vocab.json"), Corpora.ByteLevel.Files["vocab.json"]);
        File.WriteAllBytes(_folder.File("merges.txt"), Corpora.ByteLevel.Files["merges.txt"]);
        TokenizerSource source = TokenizerSource.FromTokenizer(Corpora.ByteLevel.Tokenizer, _folder.Path, ["some text"]);
        Assert.AreEqual(Corpora.ByteLevel.ContentHash, Resolve(source).ContentHash);
        BpeTokenizer unsplit = BpeTokenizer.Create(_folder.File("vocab.json"), _folder.File("merges.txt"));
        StringAssert.Contains(
            Assert.Throws<InvalidDataException>(() => TokenizerSource.FromTokenizer(unsplit, _folder.Path)).Message, "other ids");
    }

    // The package's BertTokenizer leaves out tabs and line breaks and joins the words around them, which BERT's own does not.
    [TestMethod]
    public void ADifferenceIsToldWithItsText()
    {
        string path = _folder.File("vocab.txt");
        File.WriteAllText(path, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\nquick\n##s\na\n.\n,\ncafe\n");
        CollectionAssert.AreEqual(new[] { 5, 6, 7, 10, 8, 11, 9 }, Resolve(TokenizerSource.FromFile(path)).Encode("The\tquicks, a Café."));
        string message = Assert.Throws<InvalidDataException>(
            () => TokenizerSource.FromTokenizer(BertTokenizer.Create(path), path)).Message;
        StringAssert.Contains(message, "'tabs\tand");
        StringAssert.Contains(message, "[1 1] to the tokenizer and [1 1 1 1] to the files");
    }

    // The package merges the rightmost of equal pairs first, so a run of dots has other ids.
    [TestMethod]
    public void ALlamaTokenizerHasOtherIdsThanItsModel()
    {
        string path = Golden.PathOf("tokenizers", "bpe_llama.model");
        using FileStream model = File.OpenRead(path);
        LlamaTokenizer tokenizer = LlamaTokenizer.Create(model);
        StringAssert.Contains(
            Assert.Throws<InvalidDataException>(() => TokenizerSource.FromTokenizer(tokenizer, path)).Message, "'...........'");
    }

    [TestMethod]
    public void ABytePairTokenizerIsCheckedAgainstItsFiles()
    {
        File.WriteAllBytes(_folder.File("vocab.json"), Corpora.ByteLevel.Files["vocab.json"]);
        File.WriteAllBytes(_folder.File("merges.txt"), Corpora.ByteLevel.Files["merges.txt"]);
        var pattern = new Regex(@"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+");
        BpeTokenizer tokenizer = BpeTokenizer.Create(new BpeOptions(_folder.File("vocab.json"), _folder.File("merges.txt"))
        {
            ByteLevel = true,
            PreTokenizer = new RegexPreTokenizer(pattern, null),
        });
        Assert.AreEqual(400, TokenizerSource.FromTokenizer(tokenizer, _folder.Path).Known!.VocabularySize);
    }

    private static bool IsWordBeyondBasicPlane(Rune rune) => !rune.IsBmp && (Rune.IsLetterOrDigit(rune) || Rune.IsNumber(rune)
        || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.NonSpacingMark
            or System.Globalization.UnicodeCategory.SpacingCombiningMark);

    private static string Small() =>
        string.Concat(Enumerable.Range(0, 256).Select(value => $"{Convert.ToBase64String([(byte)value])} {value}\n"))
        + $"{Convert.ToBase64String("ba"u8)} 256\n{Convert.ToBase64String("ab"u8)} 257\n";

    private static TextTokenizer Resolve(TokenizerSource source) => source.Resolve(() => [], null, CancellationToken.None);
}

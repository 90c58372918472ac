using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace StandIns.Tests.Tokenizers;

[TestClass]
public sealed partial class BpeTokenizerTests
{
    private static readonly string[] Merges = ["t h", "th e", "\u0120 the", "a n", "an d", "\u0120 and", "h e"];

    [GeneratedRegex(@"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    private static partial Regex Words();

    [TestMethod]
    public void MergesApplyInTheirOrderWithinWords()
    {
        BpeTokenizer tokenizer = ByteLevel();
        var vocabulary = tokenizer.Vocabulary;
        CollectionAssert.AreEqual(Ids(vocabulary, "the", "\u0120", "he", "\u0120and", "th", "a", "\u0120the"), tokenizer.EncodeToIds("the he andtha the").ToArray());
        CollectionAssert.AreEqual(Ids(vocabulary, "the", "\u0120the", "\u0120", "he"), tokenizer.EncodeToIds("the the he").ToArray());
    }

    [TestMethod]
    public void EveryTextComesBack()
    {
        BpeTokenizer tokenizer = ByteLevel();
        foreach (string text in (string[])["the and", "naïve café", "日本語 text", "emoji 👩‍👩‍👧 here", "\t\r\n  x", "control \u0001\u007F"])
            Assert.AreEqual(text, tokenizer.Decode(tokenizer.EncodeToIds(text)));
    }

    [TestMethod]
    public void TokensCarryTheirPlaceInTheText()
    {
        IReadOnlyList<EncodedToken> tokens = ByteLevel().EncodeToTokens("the and", out string? normalized);
        Assert.IsNull(normalized);
        CollectionAssert.AreEqual(new[] { "the", "\u0120and" }, tokens.Select(t => t.Value).ToArray());
        CollectionAssert.AreEqual(new[] { 0..3, 3..7 }, tokens.Select(t => t.Offset).ToArray());
    }

    [TestMethod]
    public void AMaximumCutsTheTokensAndTellsHowMuchTextTheyHold()
    {
        BpeTokenizer tokenizer = ByteLevel();
        IReadOnlyList<int> ids = tokenizer.EncodeToIds("the the and", 2, out _, out int consumed);
        CollectionAssert.AreEqual(Ids(tokenizer.Vocabulary, "the", "\u0120the"), ids.ToArray());
        Assert.AreEqual(7, consumed);
        Assert.AreEqual(3, tokenizer.CountTokens("the the and"));
    }

    [TestMethod]
    public void BoundaryTokensFrameEveryText()
    {
        Dictionary<string, int> vocabulary = Vocabulary();
        vocabulary.Add("<s>", vocabulary.Count);
        vocabulary.Add("</s>", vocabulary.Count);
        BpeTokenizer tokenizer = BpeTokenizer.Create(new BpeOptions(vocabulary)
        {
            Merges = Merges,
            ByteLevel = true,
            BeginningOfSentenceToken = "<s>",
            EndOfSentenceToken = "</s>",
            PreTokenizer = new RegexPreTokenizer(Words(), null),
        });
        CollectionAssert.AreEqual(Ids(vocabulary, "<s>", "the", "</s>"), tokenizer.EncodeToIds("the").ToArray());
    }

    [TestMethod]
    public void WithoutByteLevelAnUnknownCharacterIsTheUnknownTokenOrNothing()
    {
        var vocabulary = new Dictionary<string, int> { ["a"] = 0, ["b"] = 1, ["ab"] = 2, ["?"] = 3 };
        BpeTokenizer dropping = BpeTokenizer.Create(new BpeOptions(vocabulary) { Merges = ["a b"] });
        BpeTokenizer marking = BpeTokenizer.Create(new BpeOptions(vocabulary) { Merges = ["a b"], UnknownToken = "?" });
        CollectionAssert.AreEqual(new[] { 2, 0 }, dropping.EncodeToIds("abza").ToArray());
        CollectionAssert.AreEqual(new[] { 2, 3, 0 }, marking.EncodeToIds("abza").ToArray());
        Assert.AreEqual("aba", dropping.Decode([2, 0]));
    }

    [TestMethod]
    public void SpecialTokensAreKeptWholeWhenThePreTokenizerKnowsThem()
    {
        Dictionary<string, int> vocabulary = Vocabulary();
        var special = new Dictionary<string, int> { ["<|end|>"] = vocabulary.Count };
        BpeTokenizer tokenizer = BpeTokenizer.Create(new BpeOptions(vocabulary)
        {
            Merges = Merges,
            ByteLevel = true,
            SpecialTokens = special,
            PreTokenizer = new RegexPreTokenizer(Words(), special),
        });
        CollectionAssert.AreEqual((int[])[.. Ids(vocabulary, "the"), vocabulary.Count, .. Ids(vocabulary, "\u0120and")], tokenizer.EncodeToIds("the<|end|> and").ToArray());
    }

    [TestMethod]
    public void LongAndShortWordsMergeAlike()
    {
        BpeTokenizer tokenizer = ByteLevel();
        var random = new Random(7);
        foreach (int length in (int[])[1, 2, 5, 31, 32, 33, 40, 200, 3000])
        {
            string word = string.Concat(Enumerable.Range(0, length).Select(_ => "theand"[random.Next(6)]));
            CollectionAssert.AreEqual(Naive(word), tokenizer.EncodeToTokens(word, out _).Select(t => t.Value).ToArray(), word);
        }
    }

    [TestMethod]
    public void OneTokenizerServesManyThreads()
    {
        BpeTokenizer tokenizer = ByteLevel();
        string[] texts = [.. Enumerable.Range(0, 200).Select(i => $"the{i} and the {i * 7} thand")];
        int[][] expected = [.. texts.Select(t => ByteLevel().EncodeToIds(t).ToArray())];
        Parallel.For(0, 4000, i => CollectionAssert.AreEqual(expected[i % 200], tokenizer.EncodeToIds(texts[i % 200]).ToArray()));
    }

    [TestMethod]
    public void DecodingStopsWhereTheBufferIsFull()
    {
        BpeTokenizer tokenizer = ByteLevel();
        int[] ids = [.. tokenizer.EncodeToIds("the the the")];
        char[] buffer = new char[8];
        Assert.AreEqual(OperationStatus.DestinationTooSmall, tokenizer.Decode(ids, buffer, out int consumed, out int written));
        Assert.AreEqual((2, 7), (consumed, written));
        Assert.AreEqual(OperationStatus.Done, tokenizer.Decode(ids, new char[11], out consumed, out written));
        Assert.AreEqual((3, 11), (consumed, written));
    }

    [TestMethod]
    public void FilesGiveTheSameTokenizer()
    {
        var json = new MemoryStream(Encoding.UTF8.GetBytes("""{"a":0,"b":1,"ab":2}"""));
        var merges = new MemoryStream(Encoding.UTF8.GetBytes("#version: 0.2\na b\n"));
        CollectionAssert.AreEqual(new[] { 2, 1, 0 }, BpeTokenizer.Create(json, merges).EncodeToIds("abba").ToArray());
    }

    [TestMethod]
    public void BadOptionsAreRefused()
    {
        var vocabulary = new Dictionary<string, int> { ["a"] = 0, ["b"] = 1 };
        Assert.Throws<InvalidOperationException>(() => BpeTokenizer.Create(new BpeOptions(vocabulary) { Merges = ["a b"] }), "joint token missing");
        Assert.Throws<InvalidOperationException>(() => BpeTokenizer.Create(new BpeOptions(vocabulary) { Merges = ["ab"] }), "no space");
        Assert.Throws<InvalidOperationException>(() => BpeTokenizer.Create(new BpeOptions(vocabulary) { UnknownToken = "?" }));
        Assert.Throws<InvalidOperationException>(() => BpeTokenizer.Create(new BpeOptions(new Dictionary<string, int>())));
    }

    [TestMethod]
    public void APatternsMatchesAreThePieces() =>
        CollectionAssert.AreEqual(new[] { (0, 2), (2, 4), (6, 1) }, new RegexPreTokenizer(Words(), null).PreTokenize("ab cde.").ToArray());

    private static BpeTokenizer ByteLevel() =>
        BpeTokenizer.Create(new BpeOptions(Vocabulary()) { Merges = Merges, ByteLevel = true, PreTokenizer = new RegexPreTokenizer(Words(), null) });

    private static Dictionary<string, int> Vocabulary()
    {
        var vocabulary = new Dictionary<string, int>();
        int next = 256;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is (>= 33 and <= 126) or (>= 161 and <= 172) or (>= 174 and <= 255);
            vocabulary.Add(((char)(printable ? value : next++)).ToString(), value);
        }
        foreach (string merge in Merges)
            vocabulary.TryAdd(merge.Replace(" ", ""), vocabulary.Count);
        return vocabulary;
    }

    private static int[] Ids(IReadOnlyDictionary<string, int> vocabulary, params string[] tokens) => [.. tokens.Select(t => vocabulary[t])];

    // The definition: as long as any merge applies, apply the first in the list, at its leftmost place.
    private static string[] Naive(string word)
    {
        List<string> symbols = [.. word.Select(c => c.ToString())];
        while (true)
        {
            (int rank, int at) = Enumerable.Range(0, Math.Max(0, symbols.Count - 1)).Select(i => (Array.IndexOf(Merges, $"{symbols[i]} {symbols[i + 1]}"), i))
                .Where(m => m.Item1 >= 0).DefaultIfEmpty((-1, -1)).Min();
            if (rank < 0)
                return [.. symbols];
            symbols[at] += symbols[at + 1];
            symbols.RemoveAt(at + 1);
        }
    }
}

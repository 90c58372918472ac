using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class ByteLevelTokenizerTests
{
    private static TextTokenizer Tokenizer => Corpora.ByteLevel;

    [TestMethod]
    public void AnyUnicodeComesBack()
    {
        var random = new Random(11);
        for (int i = 0; i < 500; i++)
        {
            string text = Corpora.Unicode(random, random.Next(1, 120));
            Assert.AreEqual(text, Tokenizer.Decode(Tokenizer.Encode(text)));
        }
        string[] texts =
        [
            "", " ", "\0", "e\u0301\u0308", "👩‍👩‍👧‍👦🏳️‍🌈", "\uFEFFbom", "a\r\n\r\nb", "<|endoftext|>", "don't we'll",
            new string('x', 20_000), new string(' ', 3_000),
        ];
        foreach (string text in texts)
            Assert.AreEqual(text, Tokenizer.Decode(Tokenizer.Encode(text)));
    }

    [TestMethod]
    public void EncodesAsApplyingTheMergesOneByOneDoes()
    {
        string[] merges = Encoding.UTF8.GetString(Tokenizer.Files["merges.txt"]).Split('\n')[1..^1];
        var ranks = merges.Select((merge, rank) => (merge, rank)).ToDictionary(m => m.merge, m => m.rank);
        var ids = System.Text.Json.JsonSerializer.Deserialize<Dictionary<string, int>>(Tokenizer.Files["vocab.json"])!;
        var pattern = new Regex(@"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+");
        var random = new Random(12);
        string[] texts = [.. Corpora.Documents(9, 60), .. Enumerable.Range(0, 60).Select(_ => Corpora.Unicode(random, 60)), string
            .Concat(Corpora.Documents(10, 5)).Replace(" ", "")];
        foreach (string text in texts)
        {
            List<int> expected = [.. pattern.Matches(text).SelectMany(m => Merge(m.Value)).Select(t => ids[t])];
            CollectionAssert.AreEqual(expected, Tokenizer.Encode(text), text);
        }

        List<string> Merge(string word)
        {
            List<string> symbols = [.. Encoding.UTF8.GetBytes(word).Select(b => ByteLevelAlphabet.ToText([b]))];
            while (true)
            {
                (int rank, int at) best = (int.MaxValue, -1);
                for (int i = 0; i + 1 < symbols.Count; i++)
                {
                    if (ranks.TryGetValue($"{symbols[i]} {symbols[i + 1]}", out int rank) && rank < best.rank)
                        best = (rank, i);
                }
                if (best.at < 0)
                    return symbols;
                symbols[best.at] += symbols[best.at + 1];
                symbols.RemoveAt(best.at + 1);
            }
        }
    }

    [TestMethod]
    public void ALoneSurrogateBecomesTheReplacementCharacter()
    {
        CollectionAssert.AreEqual(Tokenizer.Encode("a\uFFFDb😀\uFFFD"), Tokenizer.Encode("a\uD83Db😀\uDE00"));
        Assert.AreEqual("a\uFFFDb", Tokenizer.Decode(Tokenizer.Encode("a\uD83Db")));
    }

    [TestMethod]
    public void BytesThatAreNoUtf8DecodeToTheReplacementCharacter() => Assert.AreEqual("a\uFFFDb", Tokenizer.Decode(['a', 0xC3, 'b']));

    [TestMethod]
    public void SpecialTokensAreNoText()
    {
        int end = Tokenizer.EndOfSequenceId!.Value;
        Assert.AreEqual(Tokenizer.VocabularySize - 1, end);
        Assert.IsNull(Tokenizer.BeginningOfSequenceId);
        CollectionAssert.DoesNotContain(Tokenizer.Encode("<|endoftext|>"), end);
        Assert.AreEqual("ab", Tokenizer.Decode(['a', end, 'b', end]));
    }

    [TestMethod]
    public void ForeignIdsAreRefused()
    {
        StringAssert.Contains(
            Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.Decode([Tokenizer.VocabularySize])).Message, "mask token");
        StringAssert.Contains(
            Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.Decode([Tokenizer.VocabularySize + 1])).Message, "not in 0 .. 399");
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.Decode([-1]));
        Assert.Throws<ArgumentNullException>(() => Tokenizer.Encode(null!));
        Assert.Throws<ArgumentNullException>(() => Tokenizer.Decode(null!));
    }

    [TestMethod]
    public void FilesMakeAnEqualTokenizer()
    {
        TextTokenizer copy = TextTokenizer.FromFiles(Tokenizer.Files);
        string text = string.Concat(Corpora.Documents(3, 30));
        CollectionAssert.AreEqual(Tokenizer.Encode(text), copy.Encode(text));
        Assert.AreEqual((Tokenizer.VocabularySize, Tokenizer.EndOfSequenceId), (copy.VocabularySize, copy.EndOfSequenceId));
        CollectionAssert.AreEqual(Tokenizer.Files.Keys.ToArray(), copy.Files.Keys.ToArray());
    }

    [TestMethod]
    public void ManyThreadsShareOne()
    {
        string[] texts = Corpora.Documents(21, 100);
        TextTokenizer fresh = TextTokenizer.FromFiles(Tokenizer.Files);
        int[][] expected = [.. texts.Select(Tokenizer.Encode)];
        Parallel.For(0, 3000, i =>
        {
            CollectionAssert.AreEqual(expected[i % 100], fresh.Encode(texts[i % 100]));
            Assert.AreEqual(texts[i % 100], fresh.Decode(expected[i % 100]));
        });
    }
}

using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.MaskedDiffusion.Text.BytePair;
using Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class BytePairTrainerTests
{
    [TestMethod]
    [DataRow(1, 60, 300)]
    [DataRow(2, 20, 330)]
    [DataRow(3, 5, 400)]
    public void LearnsWhatCountingAllPairsAnewLearns(int seed, int documents, int vocabularySize)
    {
        string[] corpus = Corpora.Documents(seed, documents);
        AssertSame(corpus, vocabularySize);
    }

    // Runs of one letter: pairs overlap themselves, and the same token can be reached by different cuts.
    [TestMethod]
    public void LearnsTheSameOnRunsThatOverlap()
    {
        var random = new Random(5);
        string[] corpus = [.. Enumerable.Range(0, 40)
            .Select(_ => string.Concat(Enumerable.Range(0, random.Next(1, 30)).Select(_ => "aaab "[random.Next(5)])))];
        AssertSame(corpus, 330);
    }

    [TestMethod]
    public void BytesThenMergesThenTheEndOfText()
    {
        string[] tokens = Tokens(BytePairTrainer.Train(["aa aa aa bb"], 259));
        Assert.AreEqual("a", tokens['a']);
        Assert.AreEqual("\u0120", tokens[' ']);
        CollectionAssert.AreEqual(new[] { "aa", "\u0120aa", "<|endoftext|>" }, tokens[256..]);
    }

    [TestMethod]
    public void TheOrderOfDocumentsDoesNotMatter()
    {
        string[] corpus = Corpora.Documents(4, 80);
        byte[] merges = BytePairTrainer.Train(corpus, 350).Files["merges.txt"];
        CollectionAssert.AreEqual(merges, BytePairTrainer.Train(corpus.Reverse(), 350).Files["merges.txt"]);
    }

    [TestMethod]
    public void ASmallCorpusGivesASmallerVocabulary()
    {
        // "ab" occurs twice; after it nothing does.
        Assert.AreEqual(258, BytePairTrainer.Train(["abab", "cd"], 1000).VocabularySize);
        Assert.AreEqual(258, BytePairTrainer.Train(["abab"], 258).VocabularySize);
    }

    [TestMethod]
    public void OneVeryLongWordIsLearnedFrom()
    {
        string word = string.Concat(Enumerable.Repeat("abcde", 40_000));
        TextTokenizer tokenizer = BytePairTrainer.Train([word], 300);
        Assert.AreEqual(word, tokenizer.Decode(tokenizer.Encode(word)));
        Limit.Below(200, tokenizer.Encode(word).Length);
    }

    [TestMethod]
    public void ACorpusWithoutTextIsRefused()
    {
        StringAssert.Contains(Assert.Throws<ArgumentException>(() => BytePairTrainer.Train([], 300)).Message, "empty");
        StringAssert.Contains(
            Assert.Throws<ArgumentException>(() => BytePairTrainer.Train([" \n", "\t"], 300)).Message,
            "2 documents of nothing but white space");
        StringAssert.Contains(Assert.Throws<ArgumentException>(() => BytePairTrainer.Train(["a", null!], 300)).Message, "Document 1");
    }

    [TestMethod]
    [DataRow(257)]
    [DataRow(0)]
    [DataRow(-1)]
    [DataRow((1 << 20) + 1)]
    public void AnImpossibleVocabularySizeIsRefused(int size)
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => TokenizerSource.TrainBytePairEncoding(size));
        Assert.AreEqual("vocabularySize", error.ParamName);
        StringAssert.Contains(error.Message, "258");
    }

    [TestMethod]
    public void CancellingStopsBothPhases()
    {
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => BytePairTrainer.Train(CancelAfterOne(source), 300, null, source.Token));
        using var second = new CancellationTokenSource();
        var progress = new Recorder(report =>
        {
            if (report.Completed > 0)
                second.Cancel();
        });
        Assert.Throws<OperationCanceledException>(() => BytePairTrainer.Train(Corpora.Documents(1, 100), 1000, progress, second.Token));
    }

    [TestMethod]
    public void ProgressTellsDocumentsAndMerges()
    {
        var reports = new List<TrainingProgress>();
        BytePairTrainer.Train(Corpora.Documents(1, 100), 400, new Recorder(reports.Add));
        Assert.AreEqual(143, reports[^1].Completed);
        Assert.AreEqual(143, reports[^1].Total);
        Assert.AreEqual(100L, reports[^1].Documents);
        Assert.IsGreaterThan(1, reports.Count);
    }

    private static IEnumerable<string> CancelAfterOne(CancellationTokenSource source)
    {
        yield return "some text";
        source.Cancel();
        yield return "more text";
        Assert.Fail("read on after cancellation");
    }

    private static void AssertSame(string[] corpus, int vocabularySize)
    {
        (string[] tokens, string[] merges) = Naive(corpus, vocabularySize);
        TextTokenizer trained = BytePairTrainer.Train(corpus, vocabularySize);
        CollectionAssert.AreEqual(merges, Encoding.UTF8.GetString(trained.Files["merges.txt"]).Split('\n')[1..^1]);
        CollectionAssert.AreEqual(tokens, Tokens(trained)[..^1]);
    }

    private static string[] Tokens(TextTokenizer tokenizer) =>
        [.. System.Text.Json.JsonSerializer.Deserialize<Dictionary<string, int>>(tokenizer.Files["vocab.json"])!.OrderBy(t => t.Value)
            .Select(t => t.Key)];

    // Counts every pair of every word afresh for each merge.
    private static (string[] Tokens, string[] Merges) Naive(string[] corpus, int vocabularySize)
    {
        var pattern = new Regex(@"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+");
        List<string> tokens = [.. Enumerable.Range(0, 256).Select(b => ByteLevelAlphabet.ToText([(byte)b]))];
        List<string> merges = [];
        List<List<int>> words =
            [.. corpus.SelectMany(d => pattern.Matches(d)).Select(m => Encoding.UTF8.GetBytes(m.Value).Select(b => (int)b).ToList())];
        while (tokens.Count + 1 < vocabularySize)
        {
            var counts = new Dictionary<(int, int), int>();
            foreach (List<int> word in words)
            {
                for (int i = 0; i + 1 < word.Count; i++)
                    counts[(word[i], word[i + 1])] = counts.GetValueOrDefault((word[i], word[i + 1])) + 1;
            }
            if (counts.Count == 0 || counts.Values.Max() < 2)
                break;
            (int left, int right) = counts.Where(c => c.Value == counts.Values.Max()).Select(c => c.Key).Min();
            string joint = tokens[left] + tokens[right];
            if (!tokens.Contains(joint))
                tokens.Add(joint);
            if (!merges.Contains($"{tokens[left]} {tokens[right]}"))
                merges.Add($"{tokens[left]} {tokens[right]}");
            foreach (List<int> word in words)
            {
                for (int i = 0; i + 1 < word.Count; i++)
                {
                    if (word[i] != left || word[i + 1] != right)
                        continue;
                    word[i] = tokens.IndexOf(joint);
                    word.RemoveAt(i + 1);
                }
            }
        }
        return ([.. tokens], [.. merges]);
    }

    private sealed class Recorder(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }
}

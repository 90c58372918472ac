using System.Text;
using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Infilling;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Text.Gaps;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Gaps that get their lengths while they are filled, with networks that say what a test wants to see.</summary>
[TestClass]
public sealed class ResizingTests
{
    private static readonly TextTokenizer Bytes = TokenizerSource.Bytes().Known!;

    private static readonly TransformerConfig Config = new()
    {
        LayerCount = 1, HeadCount = 1, EmbeddingSize = 8, FeedForwardSize = 8, VocabularySize = Bytes.VocabularySize + 2,
        ContextLength = 40, HasLengthTokens = true,
    };

    private static readonly int Expand = Config.ExpandTokenId!.Value, Delete = Config.DeleteTokenId!.Value;

    private static readonly GapVocabulary Vocabulary = new(Bytes, Config.VocabularySize);

    private static FilledText[] Fill(
        Func<int[], int, float[]> network, string[] texts, int openLength = 8, SamplingOptions? sampling = null, int samples = 1)
    {
        GapTask[] tasks = [.. texts.Select(text => new GapTask(
            MaskedText.Of(text, [], Bytes), null, openLength, Config.ContextLength, Config.MaskTokenId))];
        var source = new RowScheduler(new ScriptedNetwork(network), 0, 4096);
        return new ResizingFiller(source, (sampling ?? new SamplingOptions()).Clone(), Vocabulary, Config, endOfTextId: null).Fill(
            tasks, samples, CancellationToken.None, progress: null);
    }

    // A network that knows the text of the only gap, and where it begins: it says what the gap's length should become, and then the text.
    private static Func<int[], int, float[]> Knows(string wanted, int start, int behind) => (row, position) =>
    {
        int[] ids = Bytes.Encode(wanted);
        int length = row.Length - start - behind;
        var logits = new float[Config.VocabularySize];
        logits[length < ids.Length ? Expand : length > ids.Length ? Delete : ids[position - start]] = 20;
        // What may not be chosen leaves the text's own tokens.
        logits[ids[Math.Min(position - start, ids.Length - 1)]] += 10;
        return logits;
    };

    [TestMethod]
    public void GuidanceThatHasEndedDoesNotBeginAgainWhereALengthChanges()
    {
        // Four tokens, of which one goes when two are filled: then one of three is masked.
        var task = new GapTask(MaskedText.Of("a[MASK*2-6] or", [], Bytes), null, 8, Config.ContextLength, Config.MaskTokenId);
        SamplingOptions options = new SamplingOptions { GuidanceScale = 1, GuidanceEnd = 0.5 }.Clone();
        using var row = new ResizingRow(task.InMiddle(), task.Limits, 0, options, Vocabulary, Config, endOfTextId: null);
        List<(int Length, int Masked, bool IsGuided)> seen = [];
        while (!row.IsDone)
        {
            int[] gap = row.Tokens[row.Gaps.Single()];
            int masked = gap.Count(id => id == Config.MaskTokenId);
            MaskedRow look = row.Current.Look().Single();
            seen.Add((gap.Length, masked, look.Unconditional is not null));
            // What the gap has got is no part of what was given, also where its length has changed.
            CollectionAssert.AreEqual(gap, (look.Unconditional ?? look.Tokens)[row.Gaps.Single()]);
            var logits = new float[Config.VocabularySize];
            logits[(gap.Length, masked) == (4, 2) ? Delete : Bytes.Encode("x").Single()] = 20;
            for (int place = 0; place < look.Positions.Length; place++)
                row.Current.Read(0, place, logits);
            row.Current.Advance();
            row.Follow();
        }
        (int, int, bool)[] expected = [(4, 4, true), (4, 3, true), (4, 2, false), (3, 1, false)];
        CollectionAssert.AreEqual(expected, seen);
    }

    [TestMethod]
    [DataRow("[MASK*1-8]")]
    [DataRow("[MASK*]")]
    [DataRow("[MASK*1-1][MASK*1-7]")]
    [DataRow("[MASK*4-6]")]
    [DataRow("[MASK*6-40]")]
    public void TheGapBecomesAsLongAsTheNetworkSays(string gap)
    {
        // The space before a gap is the gap's own.
        FilledText filled = Fill(Knows(" lemon", 1, 3), ["a " + gap + " or"])[0];
        Assert.AreEqual("a lemon or", filled.Text);
        Assert.AreEqual(6, filled.GapLengths.Single());
    }

    [TestMethod]
    [DataRow(1, 3, 3)]
    [DataRow(7, 9, 7)]
    [DataRow(5, 5, 5)]
    public void LengthsKeepToTheirLimits(int least, int most, int expected)
    {
        FilledText filled = Fill(Knows("lemon", 2, 2), [$"ab[MASK*{least}-{most}]cd"])[0];
        Assert.AreEqual(expected, filled.GapLengths.Single());
        StringAssert.StartsWith(filled.Text, "ab" + "lemon"[..Math.Min(5, expected)]);
    }

    [TestMethod]
    public void ANetworkThatNeverStopsExpandingComesToAnEnd()
    {
        FilledText[] filled = Fill((_, _) => Always(Expand), ["ab[MASK*]cd", "[MASK*][MASK*2-3]", $"{new string('x', 30)}[MASK*1-30]"]);
        Assert.AreEqual(8, filled[0].GapLengths.Single());
        Assert.AreEqual(11, filled[1].GapLengths.Single(), "gaps with nothing between them are one");
        Assert.AreEqual(10, filled[2].GapLengths.Single(), "the context has room for ten");
        FilledText[] least = Fill((_, _) => Always(Delete), ["ab[MASK*]cd", "[MASK*3-6]x[MASK*]"]);
        Assert.AreEqual(1, least[0].GapLengths.Single());
        CollectionAssert.AreEqual(new[] { 3, 1 }, least[1].GapLengths.ToArray());

        static float[] Always(int token)
        {
            var logits = new float[Config.VocabularySize];
            (logits[token], logits[Bytes.Encode("e").Single()]) = (9, 3);
            return logits;
        }
    }

    [TestMethod]
    public void ANetworkThatCannotDecideComesToAnEnd()
    {
        // One token expands wherever it may, the next is deleted: without a limit this would go on for ever.
        float[] Wavering(int[] row, int position)
        {
            var logits = new float[Config.VocabularySize];
            logits[row.Length % 2 == 0 ? Expand : Delete] = 9;
            return logits;
        }
        FilledText filled = Fill(Wavering, ["ab[MASK*]c"])[0];
        Assert.IsTrue(filled.GapLengths.Single() is >= 1 and <= 8);
    }

    [TestMethod]
    public void WhateverANetworkSaysTextsStayWholeAndWithinTheirLimits()
    {
        var random = new Random(4);
        string[] pieces = ["the cat", "é", "漢字", "🙂", " ", "x", "\u0301"];
        string[] texts = [.. Enumerable.Range(0, 120).Select(_ => string.Concat(Enumerable.Range(0, 3).Select(
            _ => (random.Next(3) == 0 ? "" : pieces[random.Next(pieces.Length)]) + "[MASK*1-6]")))];
        var sampling = new SamplingOptions { Temperature = 1, Seed = 3, Order = SamplingOrder.Random };
        FilledText[] together = Fill(Noise, texts, sampling: sampling, samples: 2);
        var lengths = new HashSet<int>();
        for (int i = 0; i < texts.Length; i++)
        {
            // Each text alone has the same bits.
            FilledText alone = Fill(Noise, [texts[i]], sampling: sampling, samples: 2)[0];
            CollectionAssert.AreEqual(together[i].Samples.ToArray(), alone.Samples.ToArray());
            string plain = texts[i].Replace("[MASK*1-6]", "");
            foreach (FilledSample sample in together[i].Samples)
            {
                Assert.IsFalse(sample.Text.Contains('\uFFFD'));
                Assert.IsTrue(double.IsFinite(sample.LogProbability));
                Assert.IsTrue(Encoding.UTF8.GetByteCount(sample.Text) <= Config.ContextLength);
                Assert.IsTrue(ContainsInOrder(sample.Text, plain), sample.Text);
            }
            lengths.UnionWith(together[i].GapLengths);
        }
        Assert.IsGreaterThan(4, lengths.Count);

        // Bytes of characters are as probable as whole ones, and length tokens come often.
        static float[] Noise(int[] row, int position)
        {
            var at = new Random(unchecked((int)((position * 1009L + row.Length) * 8191 + row.Sum(id => id * 31L))));
            float[] logits = [.. Enumerable.Range(0, Config.VocabularySize).Select(_ => (float)at.NextDouble() * 3)];
            // Without its first byte nobody can write U+FFFD as a character, and one in a text stands for a broken one.
            logits[Bytes.Encode("\uFFFD")[0]] = -50;
            logits[Expand] += 5;
            logits[Delete] += 5;
            return logits;
        }
    }

    private static bool ContainsInOrder(string text, string plain)
    {
        int at = 0;
        foreach (char c in text)
            at += at < plain.Length && plain[at] == c ? 1 : 0;
        return at == plain.Length;
    }

    private sealed class ScriptedNetwork(Func<int[], int, float[]> logits) : IRowEvaluator
    {
        public int VocabularySize => Config.VocabularySize;

        public int MaskTokenId => Config.MaskTokenId;

        public int ContextLength => Config.ContextLength;

        public void LogProbabilities(RowBatch batch, Span<double> destination) => throw new NotSupportedException();

        public void ReadLogits(RowBatch batch, LogitReader reader)
        {
            for (int i = 0; i < batch.QueryCount; i++)
                reader(i, logits(batch.Rows[(int)(batch.Indices[i] / batch.Length)], (int)(batch.Indices[i] % batch.Length)));
        }
    }
}

using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The noise from which a network learns the length of a gap.</summary>
[TestClass]
public sealed class GapLengthNoiseTests
{
    private const int Border = 3, MaxLength = 5;

    private static readonly TransformerConfig Config = new()
    {
        LayerCount = 1, HeadCount = 1, EmbeddingSize = 8, FeedForwardSize = 8, VocabularySize = 52, ContextLength = 40,
        HasLengthTokens = true,
    };

    private static GapLengthRow Corrupt(long[] row, int prompt, ulong stream, GapLengthNoise? noise = null) =>
        (noise ?? new GapLengthNoise(Config, 1, MaxLength, new HashSet<long> { Border })).Corrupt(
            row, prompt, new CounterRandom(1, stream, RandomPurpose.GapLength));

    // Whether a row is what the length tokens make of what the network sees: delete stands for nothing, expand for two tokens or more.
    private static bool Unfolds(ReadOnlySpan<long> seen, Dictionary<int, long> targets, int at, ReadOnlySpan<long> row)
    {
        if (at == seen.Length)
            return row.IsEmpty;
        if (!targets.TryGetValue(at, out long target))
            return !row.IsEmpty && row[0] == seen[at] && Unfolds(seen, targets, at + 1, row[1..]);
        if (target == Config.DeleteTokenId)
            return Unfolds(seen, targets, at + 1, row);
        if (target != Config.ExpandTokenId)
            return !row.IsEmpty && row[0] == target && Unfolds(seen, targets, at + 1, row[1..]);
        for (int merged = 2; merged <= Math.Min(MaxLength, row.Length); merged++)
        {
            if (Unfolds(seen, targets, at + 1, row[merged..]))
                return true;
        }
        return false;
    }

    [TestMethod]
    public void LengthTokensLeadBackToTheText()
    {
        var random = new Random(2);
        int expanded = 0, deleted = 0, whole = 0;
        for (ulong stream = 0; stream < 2000; stream++)
        {
            long[] row = [.. Enumerable.Range(0, random.Next(2, Config.ContextLength + 1)).Select(_ => (long)random.Next(50))];
            int prompt = random.Next(row.Length);
            GapLengthRow noisy = Corrupt(row, prompt, stream);
            Dictionary<int, long> targets = noisy.Positions.Zip(noisy.Targets).ToDictionary(pair => pair.First, pair => pair.Second);
            Assert.IsTrue(noisy.Tokens.Length <= Config.ContextLength, "no longer than the context");
            for (int i = 0; i < noisy.Tokens.Length; i++)
                Assert.AreEqual(targets.ContainsKey(i), noisy.Tokens[i] == Config.MaskTokenId, "the masked tokens are those with targets");
            Assert.IsTrue(noisy.Positions.All(position => position >= prompt), "a prompt is given");
            Assert.IsFalse(noisy.Targets.Contains(Border), "no gap holds a border");
            Assert.AreEqual(noisy.Added, noisy.Targets.Count(target => target == Config.DeleteTokenId));
            Assert.IsLessThanOrEqualTo(MaxLength, noisy.Added);
            // Only where added tokens would make it longer than the context is the end of a row cut off.
            int kept = Math.Min(row.Length, Config.ContextLength - noisy.Added);
            Assert.IsTrue(kept == row.Length || noisy.Positions.Length > 0 || noisy.Tokens.Length < row.Length);
            bool unfolds = Enumerable.Range(kept, row.Length - kept + 1).Any(
                length => Unfolds(noisy.Tokens, targets, 0, row.AsSpan(0, length)));
            Assert.IsTrue(unfolds, $"stream {stream}");
            expanded += noisy.Targets.Contains(Config.ExpandTokenId!.Value) ? 1 : 0;
            deleted += noisy.Added > 0 ? 1 : 0;
            whole += noisy.Added == 0 && !noisy.Targets.Contains(Config.ExpandTokenId!.Value) ? 1 : 0;
        }
        Assert.IsTrue(expanded > 100 && deleted > 500 && whole > 100, $"{expanded} too short, {deleted} too long, {whole} of their length");
    }

    [TestMethod]
    public void NeighboursAreMergedAsOftenAsPublished()
    {
        // Of the L tokens of a gap each is masked with probability t, uniform on [0, 1]. A pair of neighbours is masked with t^2, and merged
        // with 0.25 + 0.25 (1 - share), the share being (2 + (L - 2) t) / L on average where the pair is masked. The integral over t is
        // 1/6 - (2/3 + (L - 2) / 4) / (4 L) for each of the L - 1 pairs.
        double expected = Enumerable.Range(1, MaxLength).Average(
            length => (length - 1) * (1.0 / 6 - (2.0 / 3 + (length - 2) / 4.0) / (4 * length)));
        TransformerConfig roomy = Config with { ContextLength = 3000 };
        var noise = new GapLengthNoise(roomy, 1, MaxLength, new HashSet<long>());
        // So long that few gaps are cut by its end.
        long[] row = [.. Enumerable.Range(0, 2000).Select(i => (long)(i % 50))];
        const int Draws = 8000;
        double[] merged = [.. Enumerable.Range(0, Draws).Select(stream =>
        {
            GapLengthRow noisy = Corrupt(row, 0, (ulong)stream, noise);
            return (double)(row.Length + noisy.Added - noisy.Tokens.Length);
        })];
        double mean = merged.Average(), error = Math.Sqrt(merged.Sum(x => (x - mean) * (x - mean)) / Draws / Draws);
        // Four standard errors, and the gaps that the end cuts: 5 of 2,000, which may lose all their pairs.
        Assert.AreEqual(expected, mean, 4 * error + 0.005 * expected);
    }

    [TestMethod]
    public void TheRatioIsTheShareOfRows()
    {
        var noise = new GapLengthNoise(Config, 0.3, MaxLength, new HashSet<long>());
        int chosen = Enumerable.Range(0, 4000).Count(i => noise.Chooses(new CounterRandom(2, (ulong)i, RandomPurpose.GapLength)));
        // Four standard deviations of a binomial distribution.
        Assert.AreEqual(1200, chosen, 4 * Math.Sqrt(4000 * 0.3 * 0.7));
    }

    [TestMethod]
    public void ARowOfBordersHasNoGap()
    {
        GapLengthRow noisy = Corrupt([Border, Border, Border, Border], 1, 5);
        CollectionAssert.AreEqual(new long[] { Border, Border, Border, Border }, noisy.Tokens);
        Assert.AreEqual(0, noisy.Targets.Length);
    }

    [TestMethod]
    public void AddedTokensWeighAsMuchAsOne()
    {
        long delete = Config.DeleteTokenId!.Value;
        var row = new GapLengthRow([], [1, 2, 3, 4, 5], [7, Config.ExpandTokenId!.Value, delete, delete, delete], 3, 0.5f);
        float[] weights = row.Weights(12, delete);
        CollectionAssert.AreEqual(new[] { 4f, 4f, 4f / 3, 4f / 3, 4f / 3 }, weights);
        CollectionAssert.AreEqual(new[] { 6f, 6f }, new GapLengthRow([], [1, 2], [7, 8], 0, 0.5f).Weights(12, delete));
    }
}

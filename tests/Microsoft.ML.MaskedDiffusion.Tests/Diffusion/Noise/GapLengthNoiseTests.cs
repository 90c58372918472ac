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
            row, prompt, new CounterRandom(1, stream, RandomPurpose.GapLength))!;

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
            int added = noisy.Targets.Count(target => target == Config.DeleteTokenId);
            bool isShort = noisy.Targets.Contains(Config.ExpandTokenId!.Value);
            Assert.IsTrue(added < MaxLength && !(isShort && added > 0), "a gap is too short or too long, not both");
            // Only where added tokens would make it longer than the context is the end of a row cut off.
            int kept = Math.Min(row.Length, Config.ContextLength - added);
            Assert.IsTrue(Unfolds(noisy.Tokens, targets, 0, row.AsSpan(0, kept)), $"stream {stream}");
            expanded += isShort ? 1 : 0;
            deleted += added > 0 ? 1 : 0;
            whole += !isShort && added == 0 ? 1 : 0;
        }
        Assert.IsTrue(expanded > 100 && deleted > 500 && whole > 100, $"{expanded} too short, {deleted} too long, {whole} of their length");
    }

    [TestMethod]
    public void EveryLengthIsSeenAsOftenAsAnyOther()
    {
        // Of a gap of L tokens the network sees m, both uniform on 1 to 5: it is too short where m < L, in 10 of 25 cases, too long in 10,
        // and L - m is each number as often as those cases say.
        TransformerConfig roomy = Config with { ContextLength = 3000 };
        var noise = new GapLengthNoise(roomy, 1, MaxLength, new HashSet<long>());
        // So long that its end cuts only 1 in 1,000 gaps.
        long[] row = [.. Enumerable.Range(0, 2000).Select(i => (long)(i % 50))];
        const int Draws = 10_000;
        int[] differences = new int[2 * MaxLength - 1];
        for (int stream = 0; stream < Draws; stream++)
            differences[row.Length - Corrupt(row, 0, (ulong)stream, noise).Tokens.Length + MaxLength - 1]++;
        for (int difference = 1 - MaxLength; difference < MaxLength; difference++)
        {
            double share = (double)(MaxLength - Math.Abs(difference)) / (MaxLength * MaxLength);
            // Four standard deviations of a binomial distribution, and what the end cuts.
            Assert.AreEqual(Draws * share, differences[difference + MaxLength - 1],
                4 * Math.Sqrt(Draws * share * (1 - share)) + Draws / 1000.0, $"{difference}");
        }
    }

    [TestMethod]
    public void TheRatioIsTheShareOfRows()
    {
        var noise = new GapLengthNoise(Config, 0.3, MaxLength, new HashSet<long>());
        long[] row = [5, 6, 7];
        int chosen = Enumerable.Range(0, 4000).Count(
            i => noise.Corrupt(row, 0, new CounterRandom(2, (ulong)i, RandomPurpose.GapLength)) is not null);
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
}

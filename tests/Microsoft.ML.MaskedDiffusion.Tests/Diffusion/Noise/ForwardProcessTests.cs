using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class ForwardProcessTests
{
    private static long[] Tokens(int count) => [.. Enumerable.Range(0, count).Select(i => (long)(i % 9))];

    private static float[] Uniforms(int count)
    {
        var random = new CounterRandom(4, 1, RandomPurpose.Mask);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle())];
    }

    [TestMethod]
    public void TheBatchSaysWhatWasTakenAndWhere()
    {
        long[] tokens = Tokens(6 * 50);
        NoisyBatch batch = new ForwardProcess(9).Corrupt(tokens, 50, Uniforms(6), Uniforms(300));
        Assert.AreEqual((6, 50), (batch.Count, batch.Length));
        CollectionAssert.AreEqual(
            Enumerable.Range(0, tokens.Length).Where(i => batch.Tokens[i] == 9).Select(i => (long)i).ToArray(), batch.MaskedPositions);
        for (int i = 0; i < batch.Targets.Length; i++)
            Assert.AreEqual(tokens[batch.MaskedPositions[i]], batch.Targets[i]);
        for (int i = 0; i < tokens.Length; i++)
            Assert.IsTrue(batch.Tokens[i] == 9 || batch.Tokens[i] == tokens[i]);
        Assert.AreEqual(3, batch.RowOf(Array.FindIndex(batch.MaskedPositions, position => position >= 150)));
    }

    [TestMethod]
    public void TokensAreMaskedAsOftenAsTheirLevelSays()
    {
        const int Length = 20000;
        float[] levels = [0, 0.25f, 0.9f, 0.999f];
        float[] uniforms = Uniforms(levels.Length * Length);
        var process = new ForwardProcess(9);
        NoisyBatch batch = process.Corrupt(Tokens(uniforms.Length), Length, levels, uniforms);
        for (int row = 0; row < levels.Length; row++)
        {
            double p = 1e-3 + 0.999 * levels[row];
            Assert.AreEqual(p, batch.Probabilities[row], 1e-6);
            int masked = Enumerable.Range(0, batch.Targets.Length).Count(i => batch.RowOf(i) == row);
            Assert.AreEqual(p, (double)masked / Length, 4 * Math.Sqrt(p * (1 - p) / Length));
        }
    }

    [TestMethod]
    public void ACombIsEven()
    {
        const int Rows = 400;
        var comb = new float[Rows];
        ForwardProcess.Stratify(0.7f, comb);
        float[] sorted = [.. comb.Order()];
        for (int i = 1; i < Rows; i++)
            Assert.AreEqual(1.0 / Rows, sorted[i] - sorted[i - 1], 1e-6);
        Assert.AreEqual(0.7f, comb[0]);
        Assert.IsTrue(comb.All(level => level is >= 0 and < 1));
    }

    [TestMethod]
    public void KeptPositionsStayAndCostNoDraws()
    {
        var process = new ForwardProcess(9);
        long[] tokens = Tokens(3 * 40);
        bool[] kept = [.. Enumerable.Range(0, 120).Select(i => i % 40 < 15)];
        float[] levels = Uniforms(3), uniforms = Uniforms(120);
        NoisyBatch free = process.Corrupt(tokens, 40, levels, uniforms), held = process.Corrupt(tokens, 40, levels, uniforms, kept);
        for (int i = 0; i < 120; i++)
            Assert.AreEqual(kept[i] ? tokens[i] : free.Tokens[i], held.Tokens[i]);
        Assert.IsTrue(held.MaskedPositions.All(position => !kept[position]));
    }

    [TestMethod]
    public void DrawsThatDoNotFitAreRefused()
    {
        var process = new ForwardProcess(9);
        Assert.ThrowsExactly<ArgumentException>(() => process.Corrupt(new long[10], 5, [0.5f], new float[10]));
        Assert.ThrowsExactly<ArgumentException>(() => process.Corrupt(new long[10], 5, [0.5f, 0.5f], new float[9]));
        Assert.ThrowsExactly<ArgumentException>(() => process.Corrupt(new long[10], 5, [0.5f, 0.5f], new float[10], new bool[5]));
        Assert.ThrowsExactly<ArgumentException>(() => process.Corrupt(new long[10], 3, new float[3], new float[9]));
    }
}

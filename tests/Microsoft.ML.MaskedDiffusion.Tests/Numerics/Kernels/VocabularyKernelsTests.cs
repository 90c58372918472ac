using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed unsafe class VocabularyKernelsTests
{
    private const int Depth = 37;

    // Widths around the columns that are summed together; 1100 rows are more than go through at a time.
    [TestMethod]
    [DataRow(5, 1)]
    [DataRow(5, 64)]
    [DataRow(70, 65)]
    [DataRow(3, 1000)]
    [DataRow(1100, 130)]
    public void LogProbabilitiesAgreeWithDoublePrecision(int count, int width)
    {
        foreach (double scale in new[] { 0, 1.5 })
        {
            float[] states = MatrixProductTests.Draws(count * Depth, 1), others = MatrixProductTests.Draws(count * Depth, 2);
            float[] weight = MatrixProductTests.Draws(width * Depth, 3, 0.5);
            // Every row once, some twice, out of order.
            int[] rows = [.. Enumerable.Range(0, count).Reverse(), 0, count / 2];
            int[] targets = [.. rows.Select((row, i) => (row * 7 + i) % width)];
            double[] actual = Run(states, scale == 0 ? null : others, scale, weight, width, rows, targets);
            for (int i = 0; i < rows.Length; i++)
            {
                double[] logits = [.. Enumerable.Range(0, width).Select(j => Dot(states, rows[i], weight, j))];
                if (scale != 0)
                    logits = [.. logits.Select((logit, j) => Dot(others, rows[i], weight, j) * -scale + logit * (1 + scale))];
                double top = logits.Max(), expected = logits[targets[i]] - top - Math.Log(logits.Sum(logit => Math.Exp(logit - top)));
                // Logits near 10, some units of rounding of 37 terms.
                Assert.AreEqual(expected, actual[i], 2e-5 * (1 + scale), $"query {i}");
            }
        }
    }

    [TestMethod]
    public void ARowHasTheSameBitsWhateverIsBesideIt()
    {
        const int Count = 1100, Width = 200;
        float[] states = MatrixProductTests.Draws(Count * Depth, 1), others = MatrixProductTests.Draws(Count * Depth, 2);
        float[] weight = MatrixProductTests.Draws(Width * Depth, 3);
        int[] rows = [.. Enumerable.Range(0, Count)], targets = [.. rows.Select(row => row % Width)];
        foreach (float[]? guide in new[] { null, others })
        {
            double[] all = Run(states, guide, 0.5, weight, Width, rows, targets);
            foreach (int row in new[] { 0, 13, 1023, 1024, 1099 })
            {
                Range at = (row * Depth)..((row + 1) * Depth);
                Assert.AreEqual(all[row], Run(states[at], guide?[at], 0.5, weight, Width, [0], [targets[row]])[0]);
            }
        }
    }

    [TestMethod]
    public void ACertainTokenHasProbabilityOneAndAnImpossibleOneNoInfinity()
    {
        float[] weight = [1, 2, -1000];
        double[] actual = RunPlain([1000f], weight, 1, [0, 0, 0], [0, 1, 2]);
        CollectionAssert.AreEqual(new[] { -1000.0, 0, -1002000 }, actual);
    }

    [TestMethod]
    public void TokensOutsideTheVocabularyAreRefused()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => RunPlain([1f], [1, 2], 1, [0], [2]));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => RunPlain([1f], [1, 2], 1, [0], [-1]));
    }

    private static double[] RunPlain(float[] states, float[] weight, int depth, int[] rows, int[] targets) =>
        Run(states, null, 0, weight, weight.Length / depth, rows, targets, depth);

    private static double[] Run(
        float[] states, float[]? others, double scale, float[] weight, int width, int[] rows, int[] targets, int depth = Depth)
    {
        var values = new double[rows.Length];
        fixed (float* x = states, u = others, w = weight)
            VocabularyKernels.LogProbabilities(
                x, u, (float)(1 + scale), states.Length / depth, depth, w, null, width, rows, targets, values);
        return values;
    }

    private static double Dot(float[] a, int row, float[] b, int column) =>
        Enumerable.Range(0, Depth).Sum(i => (double)a[row * Depth + i] * b[column * Depth + i]);
}

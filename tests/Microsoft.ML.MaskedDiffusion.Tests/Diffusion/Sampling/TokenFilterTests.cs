using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class TokenFilterTests
{
    [TestMethod]
    [DataRow(0.1, 1)]
    [DataRow(4, 1)]
    [DataRow(4, 0.3)]
    [DataRow(30, 2.5)]
    public void TheNucleusIsThatOfTheSortedProbabilities(double spread, double temperature)
    {
        var random = new Random(7);
        foreach (int size in new[] { 1, 2, 300, 5000 })
        {
            float[] logits = [.. Enumerable.Range(0, size).Select(_ => (float)(spread * (random.NextDouble() + random.NextDouble())))];
            // Some tokens may never be chosen, and some are equal.
            if (size > 2)
                (logits[0], logits[1]) = (float.NegativeInfinity, logits[2]);
            foreach (double p in new[] { 1e-9, 0.05, 0.5, 0.9, 0.999, 1 - 1e-12 })
            {
                float[] kept = [.. logits];
                TokenFilter.Apply(kept, new SamplingOptions { TopP = p }, temperature);
                double least = NucleusEnd(logits, p, temperature);
                for (int i = 0; i < size; i++)
                    Assert.AreEqual(logits[i] >= least ? logits[i] : float.NegativeInfinity, kept[i], $"token {i} of {size}, top-p {p}");
            }
        }
    }

    // The nucleus as it is defined: from the most probable token down, until the sum is above p.
    private static double NucleusEnd(float[] logits, double p, double temperature)
    {
        float[] sorted = [.. logits.OrderDescending()];
        double[] weights = [.. sorted.Select(logit => Math.Exp((logit - sorted[0]) / temperature))];
        double total = weights.Sum(), sum = 0;
        int at = 0;
        do
            sum += weights[at];
        while (sum <= p * total && ++at < sorted.Length);
        return sorted[Math.Min(at, sorted.Length - 1)];
    }
}

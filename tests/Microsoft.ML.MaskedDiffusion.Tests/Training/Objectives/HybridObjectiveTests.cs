using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class HybridObjectiveTests
{
    private const double Share = 0.3;

    private static readonly TransformerConfig Config = new()
    {
        LayerCount = 1, HeadCount = 2, EmbeddingSize = 16, FeedForwardSize = 24, VocabularySize = 4, ContextLength = 8,
        UniformShare = Share,
    };

    private static TokenBatch Batch(int first, int count, int length, int groupSize = 16)
    {
        var blocks = new LanguageBlocks(32, length, symbols: 1, seed: 1);
        var batch = new TokenBatch(count, length, groupSize, seed: 5, RandomPurpose.Mask);
        for (int i = first; i < first + count; i++)
            batch.Add(blocks, i % 32, (ulong)i);
        return batch;
    }

    [TestMethod]
    [DataRow(NoiseLevels.Independent)]
    [DataRow(NoiseLevels.Stratified)]
    public void ARowsNoiseDoesNotDependOnItsMicroBatch(NoiseLevels levels)
    {
        var objective = new HybridObjective(Config, levels);
        var process = new HybridProcess(Config, Share);
        HybridBatch whole = objective.Corrupt(Batch(0, 16, 8), [.. Enumerable.Range(0, 16)], levels, process.LevelInTraining);
        HybridBatch part = objective.Corrupt(Batch(6, 3, 8), [0, 1, 2], levels, process.LevelInTraining);
        CollectionAssert.AreEqual(whole.Tokens[48..72], part.Tokens);
        CollectionAssert.AreEqual(whole.Levels[6..9], part.Levels);
        Assert.IsTrue(whole.Tokens.Any(token => token is > 0 and < 4), "some tokens are wrong");
    }

    [TestMethod]
    public void TheMeanOfMeasurementsIsTheBound()
    {
        using var scope = torch.NewDisposeScope();
        using var network = new TransformerNetwork(Config, torch.CPU);
        network.Initialize(2);
        double[][] predictions = [.. Enumerable.Range(0, 5).Select(seen =>
        {
            float[] logits = network.Forward(new TokenRows([seen], 1)).data<float>().ToArray();
            double[] each = [.. logits.Select(logit => Math.Exp(logit))];
            return each.Select(p => p / each.Sum()).ToArray();
        })];
        // The integral over t = v^4 by the middle of small intervals: the fourth power takes the singularity at 0 away.
        const int Intervals = 20_000;
        double expected = 0;
        for (int i = 0; i < Intervals; i++)
        {
            double v = (i + 0.5) / Intervals;
            expected += Integrand(Math.Pow(v, 4), predictions) * 4 * v * v * v / Intervals;
        }
        const int Rows = 32_768;
        double[] losses = new HybridObjective(Config).RowLosses(network, Batch(0, Rows, 1, groupSize: 256));
        double mean = losses.Average(), deviation = Math.Sqrt(losses.Average(loss => (loss - mean) * (loss - mean)));
        // Five standard errors of independent draws, which stratified ones are below; the seed is fixed.
        Assert.AreEqual(expected, mean, 5 * deviation / Math.Sqrt(Rows));
        Limit.Below(0.15 * expected, 5 * deviation / Math.Sqrt(Rows), "which says something");
    }

    [TestMethod]
    public void TheLossIsTheMeanOverTheBatch()
    {
        using var scope = torch.NewDisposeScope();
        using var network = new TransformerNetwork(Config, torch.CPU);
        network.Initialize(1);
        var objective = new HybridObjective(Config, weighting: LossWeighting.Dynamic);
        double whole = objective.Loss(network, Batch(0, 8, 8)).ToDouble();
        double rows = Enumerable.Range(0, 8).Average(i => objective.Loss(network, Batch(i, 1, 8)).ToDouble());
        Assert.AreEqual(rows, whole, 1e-5 * whole, "sums in another order");
        Assert.AreEqual("dynamic weights", objective.LossRemark);
        Assert.IsNull(new HybridObjective(Config).LossRemark);
    }

    // Sum over what may be seen in the place of token 0 of its probability, its weight and its divergences.
    private static double Integrand(double t, double[][] predictions)
    {
        const int Tokens = 4;
        double factor = 2 * Share / (1 - Share), uniform = factor * Math.Sqrt(t * (1 - t)), norm = 1 + uniform;
        double[] Marginal(double[] tokens) => [.. tokens.Select(p => ((1 - t) * p + uniform / Tokens) / norm), t / norm];
        double[] q = Marginal([1, 0, 0, 0]);
        double sum = 0;
        for (int seen = 0; seen <= Tokens; seen++)
        {
            double[] p = Marginal(predictions[seen]);
            double divergence = q.Zip(p, (a, b) => a * Math.Log(a / b)).Sum(), ratio = q[seen] / p[seen];
            double rate = seen == Tokens ? 1 / (1 - t) / norm : factor / (2 * Math.Sqrt(t * (1 - t)) * Tokens) / norm;
            sum += rate * (divergence + ratio - 1 - Math.Log(ratio));
        }
        return sum;
    }
}

using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class DiffusionObjectiveTests
{
    private static readonly TransformerConfig Config = new()
    {
        LayerCount = 1, HeadCount = 2, EmbeddingSize = 16, FeedForwardSize = 24, VocabularySize = 12, ContextLength = 8,
    };

    private static readonly LanguageBlocks Blocks = new(32, 8, symbols: 4, seed: 1);

    private static TokenBatch Batch(int first, int count, int groupSize = 16)
    {
        var batch = new TokenBatch(count, 8, groupSize, seed: 5, RandomPurpose.Mask);
        for (int i = first; i < first + count; i++)
            batch.Add(Blocks, i, (ulong)i);
        return batch;
    }

    [TestMethod]
    public void LossAndGradientsAreThoseOfThePlainComputation()
    {
        using var scope = torch.NewDisposeScope();
        using var network = new TransformerNetwork(Config, torch.CPU);
        network.Initialize(1);
        var results = new List<(double Loss, Dictionary<string, float[]> Gradients)>();
        foreach (ITrainingObjective objective in new ITrainingObjective[]
            { new DiffusionObjective(Config), new ReferenceObjective(Config) })
        {
            network.ZeroGradients();
            torch.Tensor loss = objective.Loss(network, Batch(0, 16));
            loss.backward();
            results.Add((loss.ToDouble(), network.Parameters.ToDictionary(
                p => p.Key, p => TensorMemory.FloatSpan(p.Value.grad!).ToArray())));
        }
        Assert.AreEqual(results[1].Loss, results[0].Loss, 1e-5 * results[1].Loss, "sums in another order");
        foreach ((string name, float[] expected) in results[1].Gradients)
        {
            double largest = expected.Max(Math.Abs);
            for (int i = 0; i < expected.Length; i++)
                Assert.AreEqual(expected[i], results[0].Gradients[name][i], 2e-5 * largest + 1e-7, name);
        }
    }

    [TestMethod]
    public void RowLossesAverageToTheLossUnderTheSameDraws()
    {
        using var scope = torch.NewDisposeScope();
        using var network = new TransformerNetwork(Config, torch.CPU);
        network.Initialize(1);
        var objective = new DiffusionObjective(Config, NoiseLevels.Stratified);
        double[] rows = objective.RowLosses(network, Batch(0, 16));
        Assert.HasCount(16, rows);
        Assert.AreEqual(objective.Loss(network, Batch(0, 16)).ToDouble(), rows.Average(), 1e-5);
    }

    [TestMethod]
    [DataRow(NoiseLevels.Independent)]
    [DataRow(NoiseLevels.Stratified)]
    public void ARowsNoiseDoesNotDependOnItsMicroBatch(NoiseLevels levels)
    {
        var objective = new DiffusionObjective(Config, levels);
        NoisyBatch whole = objective.Corrupt(Batch(0, 16), [.. Enumerable.Range(0, 16)], levels),
            part = objective.Corrupt(Batch(6, 3), [0, 1, 2], levels);
        CollectionAssert.AreEqual(whole.Tokens[48..72], part.Tokens);
        CollectionAssert.AreEqual(whole.Probabilities[6..9], part.Probabilities);
    }

    [TestMethod]
    public void StratifiedLevelsOfAStepAreACombThatMovesFromStepToStep()
    {
        var objective = new DiffusionObjective(Config, NoiseLevels.Stratified);
        float[] Levels(int step) => [.. objective.Corrupt(
            Batch(8 * step, 8, groupSize: 8), [.. Enumerable.Range(0, 8)], NoiseLevels.Stratified).Probabilities.Select(
            p => (p - 1e-3f) / 0.999f).Order()];
        float[] first = Levels(0), second = Levels(1);
        for (int i = 1; i < 8; i++)
            Assert.AreEqual(0.125, first[i] - first[i - 1], 1e-6);
        Assert.AreNotEqual(first[0], second[0], 1e-4);
    }

    [TestMethod]
    public void IndependentLevelsAreUniform()
    {
        var objective = new DiffusionObjective(Config);
        var batch = new TokenBatch(4000, 8, 16, 9, RandomPurpose.Mask);
        for (int i = 0; i < 4000; i++)
            batch.Add(Blocks, i % 32, (ulong)i);
        float[] levels = [.. objective.Corrupt(batch, [.. Enumerable.Range(0, 4000)], NoiseLevels.Independent).Probabilities.Order()];
        // Kolmogorov-Smirnov: the largest distance exceeds 1.95 / sqrt(n) once in a thousand seeds; the seed is fixed.
        double distance = levels.Select((p, i) => Math.Abs((p - 1e-3) / 0.999 - (i + 0.5) / levels.Length)).Largest();
        Limit.Below(1.95 / Math.Sqrt(4000), distance);
    }

    [TestMethod]
    public void RowsWithGapsOfWrongLengthsCountTheMeanOfTheirMaskedTokens()
    {
        TransformerConfig config = Config with { VocabularySize = 14, HasLengthTokens = true };
        using var scope = torch.NewDisposeScope();
        using var network = new TransformerNetwork(config, torch.CPU);
        network.Initialize(1);
        var noise = new GapLengthNoise(config, 0.5, 3, new HashSet<long>());
        TokenBatch batch = Batch(0, 16);
        double loss = new DiffusionObjective(config, gapLengths: noise).Loss(network, batch).ToDouble();
        double plain = new DiffusionObjective(config).Loss(network, batch).ToDouble();
        double sum = 0;
        int resized = 0;
        for (int row = 0; row < batch.Count; row++)
        {
            if (noise.Corrupt(batch.Row(row), 0, batch.RandomOf(row, RandomPurpose.GapLength)) is not { } noisy)
            {
                TokenBatch alone = Batch(row, 1);
                sum += new DiffusionObjective(config).Loss(network, alone).ToDouble();
                continue;
            }
            resized++;
            if (noisy.Targets.Length == 0)
                continue;
            torch.Tensor losses = torch.nn.functional.log_softmax(network.Forward(new TokenRows(noisy.Tokens, noisy.Tokens.Length)), -1)[0]
                .index_select(0, torch.tensor(noisy.Positions)).gather(1, torch.tensor(noisy.Targets).unsqueeze(1)).neg();
            double[] each = [.. TensorMemory.FloatSpan(losses.contiguous()).ToArray().Select(value => (double)value)];
            sum += each.Average();
        }
        Assert.IsTrue(resized is > 3 and < 13, $"{resized} of 16");
        Assert.AreEqual(sum / batch.Count, loss, 1e-5 * loss, "sums in another order");
        Assert.AreNotEqual(plain, loss, 1e-3);
    }
}

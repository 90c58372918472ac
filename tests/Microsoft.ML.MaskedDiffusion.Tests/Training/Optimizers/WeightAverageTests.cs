using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using Microsoft.ML.MaskedDiffusion.Training.Optimizers;
using TorchSharp;
using TorchSharp.Modules;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class WeightAverageTests
{
    private static readonly TransformerConfig Config = new()
    { LayerCount = 1, HeadCount = 2, EmbeddingSize = 16, FeedForwardSize = 24, VocabularySize = 12, ContextLength = 8 };

    private static readonly LanguageBlocks Blocks = new(24, 8, symbols: 4, seed: 1);

    [TestMethod]
    [DataRow(0.5)]
    [DataRow(0.9)]
    [DataRow(0.9999)]
    public void TheAverageIsTheWeightedMeanOfTheStepsWeights(double decay)
    {
        using var scope = torch.NewDisposeScope();
        var random = new Random(1);
        using var parameter = new Parameter(torch.zeros(40));
        using var average = new WeightAverage(new Dictionary<string, Parameter> { ["p"] = parameter }, decay);
        var history = new List<float[]>();
        for (int step = 1; step <= 30; step++)
        {
            float[] values = [.. Enumerable.Range(0, 40).Select(_ => random.NextSingle() * 4 - 2)];
            values.CopyTo(TensorMemory.FloatSpan(parameter));
            history.Add(values);
            average.Update(step);
            double total = Enumerable.Range(1, step).Sum(i => Math.Pow(decay, step - i));
            float[] ours = TensorMemory.FloatSpan(average.Tensors["p"]).ToArray();
            for (int k = 0; k < 40; k++)
            {
                double expected = history.Select((row, i) => row[k] * Math.Pow(decay, step - 1 - i)).Sum() / total;
                // Thirty updates, each rounding numbers up to 2.
                Assert.AreEqual(expected, ours[k], 2e-6);
            }
        }
    }

    [TestMethod]
    public void ApplyingLendsTheAveragesAndPutsTheWeightsBack()
    {
        using var scope = torch.NewDisposeScope();
        using var parameter = new Parameter(torch.ones(3));
        using var average = new WeightAverage(new Dictionary<string, Parameter> { ["p"] = parameter }, 0.5);
        average.Update(1);
        TensorMemory.FloatSpan(parameter).Fill(4);
        average.Update(2);
        using (average.Apply())
            CollectionAssert.AreEqual(new float[] { 3, 3, 3 }, TensorMemory.FloatSpan(parameter).ToArray());
        CollectionAssert.AreEqual(new float[] { 4, 4, 4 }, TensorMemory.FloatSpan(parameter).ToArray());
        average.Adopt();
        CollectionAssert.AreEqual(new float[] { 3, 3, 3 }, TensorMemory.FloatSpan(parameter).ToArray());
    }

    // The model is the average of the steps, recomputed here from runs without averaging that stop after each step.
    [TestMethod]
    public void TheModelReturnedHasTheAveragedWeightsAndTrainingDoesNotSeeThem()
    {
        TrainingSettings settings = new()
        {
            MaxSteps = 6, BatchSize = 4, MicroBatchSize = 4, LearningRate = 0.02, MinLearningRateRatio = 1,
            WarmupSteps = 0, Seed = 2
        };
        float[][] steps = [.. Enumerable.Range(1, 6).Select(count => Train(settings with { MaxSteps = count }, null).Weights)];
        (float[] averaged, TrainingResult result) = Train(settings with { EmaDecay = 0.7 }, null);
        double total = Enumerable.Range(0, 6).Sum(i => Math.Pow(0.7, i));
        for (int k = 0; k < averaged.Length; k++)
            Assert.AreEqual(steps.Select((row, i) => row[k] * Math.Pow(0.7, 5 - i)).Sum() / total, averaged[k], 1e-6);
        Assert.AreEqual(Train(settings, null).Result.FinalLoss, result.FinalLoss, "training goes on from the weights themselves");
    }

    [TestMethod]
    public void ValidationMeasuresTheAverages()
    {
        TrainingSettings settings = new()
        {
            MaxSteps = 6, BatchSize = 4, MicroBatchSize = 4, LearningRate = 0.02, MinLearningRateRatio = 1,
            WarmupSteps = 0, ValidationInterval = 2, Seed = 2, EmaDecay = 0.7
        };
        var held = new LanguageBlocks(8, 8, symbols: 4, seed: 5);
        (float[] weights, TrainingResult result) = Train(settings, held);
        Assert.AreEqual(6, result.BestStep);
        using var network = new TransformerNetwork(Config, torch.CPU);
        int at = 0;
        foreach (Parameter parameter in network.Parameters.Values)
        {
            Span<float> to = TensorMemory.FloatSpan(parameter);
            weights.AsSpan(at, to.Length).CopyTo(to);
            at += to.Length;
        }
        Assert.AreEqual(result.ValidationLoss, new ValidationPass(held, new DiffusionObjective(Config), settings)
            .Run(network, CancellationToken.None).Loss);
    }

    private static (float[] Weights, TrainingResult Result) Train(TrainingSettings settings, ITokenBlocks? validation)
    {
        (TransformerNetwork network, TrainingResult result) =
            NetworkTrainer.Train(Config, "cpu", new DiffusionObjective(Config), Blocks, validation, settings, null, CancellationToken.None);
        using (network)
            return ([.. network.Parameters.Values.SelectMany(parameter => TensorMemory.FloatSpan(parameter).ToArray())], result);
    }
}

using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Checkpoints;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class TrainingArithmeticTests
{
    /// <summary>
    /// Where this run ends under version 2. A run that draws, orders, schedules or computes something else ends visibly elsewhere: then
    /// raise
    /// <see cref="TrainingArithmetic.Version"/> and put the new figures here. Changes in the order of sums are too small to show across
    /// machines.
    /// </summary>
    [TestMethod]
    public void ARunEndsWhereItsVersionSays()
    {
        TransformerConfig config = new()
        {
            LayerCount = 2, HeadCount = 2, EmbeddingSize = 16, FeedForwardSize = 32, VocabularySize = 12,
            ContextLength = 16
        };
        TrainingSettings settings = new()
        {
            MaxSteps = 6, BatchSize = 8, MicroBatchSize = 4, StochasticLengthRatio = 0.5, EmaDecay = 0.5,
            ValidationInterval = 3, Seed = 3
        };
        var blocks = new LanguageBlocks(20, 16, symbols: 12, seed: 1);
        (TransformerNetwork network, TrainingResult result) = NetworkTrainer.Train(
            config, "cpu", new DiffusionObjective(config), blocks, blocks, settings, null, CancellationToken.None);
        using (network)
        {
            double[] figures = [result.FinalLoss, result.ValidationLoss!.Value,
                .. new[] { "lm_head.weight", "transformer.h.1.attn.attn.weight" }.Select(name =>
                TensorMemory.FloatSpan(network.Parameters[name]).ToArray().Select((value, i) => (double)value * (i % 7)).Sum())];
            (int version, double[] expected) = (2, [2.2333187460899353, 2.710214890353382, -11.439592831160553, 4.024740134984313]);
            Assert.AreEqual(TrainingArithmetic.Version, version);
            for (int i = 0; i < figures.Length; i++)
                Assert.AreEqual(expected[i], figures[i], 1e-5 * (
                    1 + Math.Abs(figures[i])), $"figure {i} of {string.Join(", ", figures.Select(f => f.ToString("R")))}");
        }
    }
}

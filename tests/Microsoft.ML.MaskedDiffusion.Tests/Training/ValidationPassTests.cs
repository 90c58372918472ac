using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class ValidationPassTests
{
    private static readonly TransformerConfig Config = new()
    { LayerCount = 1, HeadCount = 2, EmbeddingSize = 16, FeedForwardSize = 24, VocabularySize = 12, ContextLength = 16 };

    /// <summary>Text of four symbols, each kept for a random time: blocks differ in how hard they are.</summary>
    private sealed class Runs(int count, int seed) : ITokenBlocks
    {
        private readonly long[][] _blocks = Draw(count, new Random(seed));

        public int Count => count;

        public int Length => 16;

        public long TokenCount => count * 16L;

        public void Read(int index, Span<long> destination) => _blocks[index].CopyTo(destination);

        private static long[][] Draw(int count, Random random)
        {
            var blocks = new long[count][];
            for (int i = 0; i < count; i++)
            {
                double change = random.NextDouble();
                long symbol = random.Next(4);
                blocks[i] = [.. Enumerable.Range(0, 16).Select(_ => random.NextDouble() < change ? symbol = random.Next(4) : symbol)];
            }
            return blocks;
        }
    }

    // Many validation sets of one language, each with draws of its own: their losses must spread as their standard errors say.
    [TestMethod]
    [DataRow(1)]
    [DataRow(4)]
    public void TheStandardErrorIsTheSpreadOfTheLoss(int samples)
    {
        const int Sets = 400;
        using TransformerNetwork network = Trained();
        var objective = new DiffusionObjective(Config);
        var results = new List<(double Loss, double Error)>();
        for (int set = 0; set < Sets; set++)
        {
            TrainingSettings settings = new() { Seed = set, ValidationSamples = samples, MicroBatchSize = 64 };
            results.Add(new ValidationPass(new Runs(30, 1000 + set), objective, settings).Run(network, CancellationToken.None));
        }
        double mean = results.Average(r => r.Loss), spread = Math.Sqrt(results.Sum(r => (r.Loss - mean) * (r.Loss - mean)) / (Sets - 1));
        double claimed = Math.Sqrt(results.Average(r => r.Error * r.Error));
        Console.WriteLine($"{samples} draws: spread {spread:F4}, standard error {claimed:F4}");
        // The spread of 400 values is known to 1 / sqrt(2 * 400) = 3.5 %; four times that, the losses' tails being longer than a normal
        // distribution's.
        Assert.AreEqual(1, spread / claimed, 0.14);
    }

    [TestMethod]
    public void MoreDrawsMakeTheErrorSmaller()
    {
        using TransformerNetwork network = Trained();
        // One set's error hangs on its few lowest levels: over forty.
        double Error(int samples) => Math.Sqrt(Enumerable.Range(0, 40).Average(set =>
            Math.Pow(new ValidationPass(new Runs(30, 2000 + set), new DiffusionObjective(Config),
                new() { Seed = set, ValidationSamples = samples, MicroBatchSize = 64 }).Run(network, CancellationToken.None).StandardError,
                2)));
        Limit.Below(0.8 * Error(1), Error(4));
    }

    private static TransformerNetwork Trained()
    {
        TrainingSettings settings = new() { MaxSteps = 60, BatchSize = 16, MicroBatchSize = 16, LearningRate = 0.01, Seed = 1 };
        return NetworkTrainer.Train(Config, "cpu", new DiffusionObjective(Config), new Runs(200, 1), null, settings, null,
            CancellationToken.None).Network;
    }
}

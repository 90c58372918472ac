using System.CommandLine;
using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Learning;

/// <summary>
/// Compares the two ways to draw noise levels: the variance of a batch's loss and of its gradient on a network that has been trained for a
/// while, and the final validation loss of whole trainings. The text is this library's own documentation, byte by byte.
/// </summary>
internal static class NoiseCommand
{
    private const int Length = 64;
    private static readonly NoiseLevels[] Kinds = [NoiseLevels.Independent, NoiseLevels.Stratified];

    public static Subcommand Command()
    {
        var steps = new Option<int>("--steps")
        {
            Description = "steps of each training; variances are measured after them", DefaultValueFactory = _ => 200,
        };
        var batch = new Option<int>("--batch") { Description = "sequences of 64 bytes in a batch", DefaultValueFactory = _ => 16 };
        var draws = new Option<int>("--draws") { Description = "number of batches to measure", DefaultValueFactory = _ => 400 };
        var seeds = new Option<int>("--seeds")
        {
            Description = "trainings of each kind, each with another seed", DefaultValueFactory = _ => 1,
        };
        var command = new Subcommand("noise", "variance of loss and gradient with independent and with stratified noise levels")
        {
            steps, batch, draws, seeds,
        };
        command.SetAction(result => Run(result.GetValue(steps), result.GetValue(batch), result.GetValue(draws), result.GetValue(seeds)));
        return command;
    }

    private static void Run(int steps, int batchSize, int draws, int seeds)
    {
        byte[] text = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Microsoft.ML.MaskedDiffusion.xml"));
        int blocks = text.Length / Length, held = blocks / 10;
        var train = new ByteBlocks(text, 0, blocks - held);
        var validation = new ByteBlocks(text, blocks - held, held);
        TransformerConfig config = new()
        {
            LayerCount = 3, HeadCount = 4, EmbeddingSize = 64, FeedForwardSize = 256, VocabularySize = 256, ContextLength = Length,
        };
        TrainingSettings settings = new()
        {
            MaxSteps = steps, BatchSize = batchSize, MicroBatchSize = batchSize, LearningRate = 2e-3,
            ValidationInterval = steps, ValidationSamples = 4, MaxValidationBlocks = held,
        };
        var ends = Kinds.ToDictionary(kind => kind, _ => new List<double>());
        TransformerNetwork? measured = null;
        for (int seed = 0; seed < seeds; seed++)
        {
            foreach (NoiseLevels kind in Kinds)
            {
                (TransformerNetwork network, TrainingResult result) = NetworkTrainer.Train(
                    config, "cpu", new DiffusionObjective(config, kind), train, validation, settings with { Seed = seed }, null,
                    CancellationToken.None);
                ends[kind].Add(result.ValidationLoss!.Value);
                if (measured is null)
                    measured = network;
                else
                    network.Dispose();
            }
        }
        Print($"{config.NonEmbeddingParameterCount:N0} parameters outside embeddings, {train.Count} blocks of {Length} bytes;");
        Print($"{steps} training steps of {batchSize} blocks,");
        Print($"then {draws} batches of {batchSize} blocks with fixed weights");
        Print($"");
        Print($"batches        levels        loss     s.d. of loss   gradient's noise / signal");
        foreach (bool sameText in new[] { true, false })
        {
            foreach (NoiseLevels kind in Kinds)
            {
                var objective = new DiffusionObjective(config, kind);
                (double mean, double deviation, double noise) = Measure(measured!, objective, train, batchSize, draws, sameText);
                Print($"{(sameText ? "same text" : "new text"),-14} {kind,-12} {mean,6:F3}  {deviation,10:F3}  {noise,17:F2}");
            }
        }
        Print($"");
        Print($"validation loss at the end of {seeds} trainings of each kind, in nats per byte");
        Print($"(4 noise samples per block, the same ones for all):");
        foreach (NoiseLevels kind in Kinds)
        {
            string each = string.Join("  ", ends[kind].Select(loss => loss.ToString("F4", CultureInfo.InvariantCulture)));
            Print($"{kind,-12} {each}   mean {ends[kind].Average():F4}");
        }
        Print($"noise / signal: E|g - Eg|^2 / |Eg|^2 of the gradient g of all parameters, both estimated without bias.");
        measured!.Dispose();
    }

    private static (double Mean, double Deviation, double Noise) Measure(
        TransformerNetwork network, DiffusionObjective objective, ByteBlocks blocks, int batchSize, int draws, bool sameText)
    {
        var losses = new double[draws];
        var sums = network.Parameters.ToDictionary(parameter => parameter.Key, parameter => new double[parameter.Value.NumberOfElements]);
        double squares = 0;
        var batch = new TokenBatch(batchSize, Length, batchSize, seed: 99, RandomPurpose.Mask);
        var order = new BlockOrder(blocks.Count, 99);
        for (int draw = 0; draw < draws; draw++)
        {
            using var scope = torch.NewDisposeScope();
            batch.Clear();
            for (int row = 0; row < batchSize; row++)
            {
                long sequence = (long)draw * batchSize + row;
                batch.Add(blocks, order[sameText ? row : sequence], (ulong)sequence);
            }
            network.ZeroGradients();
            torch.Tensor loss = objective.Loss(network, batch);
            loss.backward();
            losses[draw] = loss.ToDouble();
            foreach ((string name, double[] sum) in sums)
            {
                ReadOnlySpan<float> gradient = TensorMemory.FloatSpan(network.Parameters[name].grad!);
                for (int i = 0; i < sum.Length; i++)
                {
                    sum[i] += gradient[i];
                    squares += (double)gradient[i] * gradient[i];
                }
            }
        }
        double mean = losses.Average();
        double ofMean = sums.Values.Sum(sum => sum.Sum(value => value * value)) / draws / draws;
        double noise = (squares - draws * ofMean) / (draws - 1);
        double deviation = Math.Sqrt(losses.Sum(loss => (loss - mean) * (loss - mean)) / (draws - 1));
        return (mean, deviation, noise / (ofMean - noise / draws));
    }

    private static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private sealed class ByteBlocks(byte[] text, int first, int count) : ITokenBlocks
    {
        public int Count => count;

        public int Length => NoiseCommand.Length;

        public long TokenCount => (long)count * Length;

        public void Read(int index, Span<long> destination)
        {
            for (int i = 0; i < Length; i++)
                destination[i] = text[(first + index) * Length + i];
        }
    }
}

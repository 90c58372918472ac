using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Optimizers;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks;

/// <summary>
/// Speed of whole training steps: forward process, network, loss at the masked positions, backward pass, clipping, AdamW. The useful work
/// of a step is counted as 6 x non-embedding parameters x tokens, without attention and vocabulary, and compared with the peak speed of
/// large matrix products.
/// </summary>
internal static class TrainingBenchmark
{
    private const int Vocabulary = 4096;
    private const int Length = 256;
    private const int Rows = 8;

    public static Subcommand Command()
    {
        var sizes = new Option<string[]>("--size")
        {
            Description = "network sizes, by the names of TransformerPresets", AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => ["6M", "19M"],
        };
        var steps = new Option<int>("--steps")
        {
            Description = "steps to measure, after three that are not measured", DefaultValueFactory = _ => 12,
        };
        var device = new Option<string>("--device") { Description = "auto, cpu, cuda or cuda:1", DefaultValueFactory = _ => "cpu" };
        var command = new Subcommand(
            "training", "tokens per second of whole training steps, and their share of the peak speed of float32 matrix products")
        {
            sizes, steps, device,
        };
        command.SetAction(result => Run(result.GetValue(sizes)!, result.GetValue(steps), result.GetValue(device)!));
        return command;
    }

    private static int Run(string[] sizes, int steps, string device)
    {
        torch.Device place = DeviceChoice.Resolve(device);
        Console.WriteLine(
            $"Training steps of {Rows} x {Length} tokens, vocabulary {Vocabulary}, float32 on {DeviceChoice.Describe(place)}, "
            + $"{Environment.ProcessorCount} cores");
        Console.WriteLine();
        Console.WriteLine("size  parameters   step ms   tokens/s   GFLOP/s   peak before/after   share of peak");
        foreach (string size in sizes)
        {
            double before = MatrixProductPeak.Measure(place) / 1e9;
            (long parameters, double seconds) = Measure(size, steps, place);
            double after = MatrixProductPeak.Measure(place) / 1e9;
            const double tokens = Rows * Length;
            double rate = 6 * parameters * tokens / seconds / 1e9;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{size,-4} {parameters,12:N0} {seconds * 1e3,9:0.0} {tokens / seconds,10:N0} {rate,9:0.0} "
                + $"{before,12:0} / {after,-5:0} {rate / Math.Max(before, after),12:P1}"));
        }
        Console.WriteLine();
        Console.WriteLine("step ms: median. parameters: without embedding and output layer. GFLOP/s: 6 x parameters x tokens / s.");
        Console.WriteLine(
            "peak: the product of two large float32 matrices, by libtorch or by this library, whichever is faster, in GFLOP/s.");
        return 0;
    }

    private static (long Parameters, double Seconds) Measure(string size, int steps, torch.Device place)
    {
        TransformerConfig config = TransformerConfig.FromPreset(size) with { VocabularySize = Vocabulary, ContextLength = Length };
        using var network = new TransformerNetwork(config, place);
        network.Initialize(1);
        using AdamWOptimizer optimizer = AdamWOptimizer.Create(network.Parameters, new TrainingSettings());
        var noise = new ForwardProcess(config.MaskTokenId);
        long[] tokens = new long[Rows * Length];
        var times = new List<double>();
        for (int step = 0; step < steps + 3; step++)
        {
            var data = new CounterRandom(1, (ulong)step, RandomPurpose.Example);
            for (int i = 0; i < tokens.Length; i++)
                tokens[i] = data.NextInt32(Vocabulary);
            long start = Stopwatch.GetTimestamp();
            Step(network, optimizer, noise, tokens, step);
            if (place.type == DeviceType.CUDA)
                torch.cuda.synchronize(place);
            if (step >= 3)
                times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        times.Sort();
        return (config.NonEmbeddingParameterCount, times[times.Count / 2]);
    }

    private static void Step(TransformerNetwork network, AdamWOptimizer optimizer, ForwardProcess noise, long[] tokens, int step)
    {
        using var scope = torch.NewDisposeScope();
        NoisyBatch batch = noise.Corrupt(tokens, Length, row => new CounterRandom(1, (ulong)(step * Rows + row), RandomPurpose.Mask));
        float[] weights = new float[batch.Targets.Length];
        for (int i = 0; i < weights.Length; i++)
            weights[i] = 1f / (batch.Probabilities[batch.RowOf(i)] * tokens.Length);
        torch.Device place = network.Device;
        torch.Tensor hidden = network.Hidden(new TokenRows(batch.Tokens, Length));
        torch.Tensor masked = hidden.view(-1, network.Config.EmbeddingSize).index(Upload.Integers(batch.MaskedPositions, place));
        torch.Tensor losses = network.CrossEntropy(masked, batch.Targets);
        network.Backward((losses * Upload.Floats(weights, losses.dtype, place)).sum());
        optimizer.PrepareGradients();
        optimizer.Step(1e-4);
        network.ZeroGradients();
    }
}

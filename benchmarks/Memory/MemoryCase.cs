using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Memory;

/// <summary>
/// The cases of <see cref="MemoryCommand"/>. Each is the whole work of one process, which prints its figures in bytes and seconds.
/// </summary>
internal static class MemoryCase
{
    /// <summary>Prints the peak memory of the process and the seconds of the fastest step.</summary>
    public static int Train(string size, int length, int steps, string options)
    {
        TransformerConfig config = TransformerConfig.FromPreset(size) with { ContextLength = length };
        using var network = new TransformerNetwork(config, torch.CPU);
        network.Initialize(1);
        var clock = new StepClock();
        var settings = new TrainingSettings
        {
            MaxSteps = steps,
            BatchSize = 1,
            MicroBatchSize = 1,
            ProgressInterval = steps,
            Precision = options.Contains("mixed", StringComparison.Ordinal) ? Precision.BFloat16Mixed : Precision.Float32,
            ActivationCheckpointing = options.Contains("checkpointing", StringComparison.Ordinal),
        };
        using var loop = new TrainingLoop(network, clock, new FormulaBlocks(4, length, config.VocabularySize), null, settings);
        loop.Run(null, CancellationToken.None);
        return Print(Peak(), clock.FastestStep());
    }

    public static int Write(string size, string path)
    {
        using var network = new TransformerNetwork(TransformerConfig.FromPreset(size), torch.CPU);
        network.Initialize(1);
        using FileStream stream = File.Create(path);
        SafetensorsWriter.Write(stream, network.Parameters.Select(p => KeyValuePair.Create(p.Key, (torch.Tensor)p.Value)));
        return Print();
    }

    /// <summary>
    /// Prints: bytes before, peak while loading and its seconds, peak with one scored sequence and its seconds, bytes after disposal.
    /// </summary>
    public static int Load(string size, string path)
    {
        TextTokenizer tokenizer = TokenizerSource.TrainBytePairEncoding(300).Resolve(() => ["a small text"], null, CancellationToken.None);
        // Use a small model first, so that the memory of the runtime and of libtorch is not counted as the model's.
        using (var tiny = new TransformerNetwork(TransformerConfig.FromPreset("6M") with { VocabularySize = 300 }, torch.CPU))
            Score(tiny);
        long before = Settled(), start = Stopwatch.GetTimestamp();
        MaskedDiffusionModel model = MaskedDiffusionModel.FromSafetensors(path, size, tokenizer, "cpu");
        double loadSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        long loading = Peak();
        start = Stopwatch.GetTimestamp();
        Score(model.Network);
        double scoreSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        long peak = Peak();
        model.Dispose();
        return Print(before, loading, loadSeconds, peak, scoreSeconds, Settled());
    }

    // Scores 64 answer tokens after 64 context tokens with three noise samples, the smallest number allowed.
    private static void Score(TransformerNetwork network)
    {
        int[] tokens = [.. Enumerable.Range(0, 128).Select(i => i * 7 % 300)];
        new MaskedDiffusionScorer(new NetworkEvaluator(network), new LikelihoodOptions { Samples = 3 }).Score(
            [new LikelihoodRequest(tokens[..64], tokens[64..])]);
    }

    private static int Print(params double[] figures)
    {
        Console.WriteLine(string.Join(' ', figures.Select(figure => figure.ToString("R", CultureInfo.InvariantCulture))));
        return 0;
    }

    private static long Peak()
    {
        using Process process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }

    private static long Settled()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return Environment.WorkingSet;
    }

    /// <summary>Masks every token, which needs the most memory a step can need, and measures the time from one loss to the next.</summary>
    private sealed class StepClock : ITrainingObjective
    {
        private readonly MaskedDiffusionObjective _objective = new();
        private readonly List<long> _starts = [];

        public string Name => "step clock";

        public int BlockLength(int contextLength) => contextLength;

        public torch.Tensor Loss(TransformerNetwork network, TokenBatch batch)
        {
            _starts.Add(Stopwatch.GetTimestamp());
            long[] tokens = [.. Enumerable.Range(0, batch.Count).SelectMany(row => batch.Row(row).ToArray())];
            return _objective.Loss(network, new NoisyBatch
            {
                Count = batch.Count,
                Length = batch.Length,
                Tokens = [.. tokens.Select(_ => (long)network.Config.MaskTokenId)],
                Probabilities = [.. Enumerable.Repeat(1f, batch.Count)],
                MaskedPositions = [.. tokens.Select((_, i) => (long)i)],
                Targets = tokens,
            });
        }

        public double[] RowLosses(TransformerNetwork network, TokenBatch batch) =>
            throw new NotSupportedException("The benchmark does not validate.");

        /// <summary>The seconds of the fastest step. Call it right after the last step.</summary>
        public double FastestStep()
        {
            long[] starts = [.. _starts, Stopwatch.GetTimestamp()];
            return starts.Zip(starts.Skip(1), (from, to) => Stopwatch.GetElapsedTime(from, to).TotalSeconds).Min();
        }
    }
}

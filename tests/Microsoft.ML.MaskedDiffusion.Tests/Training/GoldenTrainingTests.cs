using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Diffusion;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics;
using Microsoft.ML.MaskedDiffusion.Training;
using TorchSharp;
using TorchSharp.Modules;

namespace Microsoft.ML.MaskedDiffusion.Tests.Training;

/// <summary>The loop against traces of the reference's own training scripts: same weights, data and draws, hence same losses, norms, rates, moments and weights.</summary>
[TestClass]
public sealed class GoldenTrainingTests
{
    private static readonly TransformerConfig Config = new()
    {
        LayerCount = 3,
        HeadCount = 4,
        EmbeddingSize = 64,
        FeedForwardSize = 176,
        VocabularySize = 97,
        ContextLength = 64,
        RotaryPrecision = RotaryPrecision.BFloat16,
    };

    /// <summary>Noises the loop's micro batches with the recorded draws.</summary>
    private sealed class Replay(List<(float[] Levels, float[] Uniforms)> draws) : ITrainingObjective
    {
        private readonly ForwardProcess _process = new(Config.MaskTokenId);
        private readonly MaskedDiffusionObjective _objective = new();
        private int _batch;

        public int BlockLength(int contextLength) => contextLength;

        public double[] RowLosses(TransformerNetwork network, TokenBatch batch) => throw new InvalidOperationException("Nothing is validated here.");

        public torch.Tensor Loss(TransformerNetwork network, TokenBatch batch)
        {
            (float[] levels, float[] uniforms) = draws[_batch++];
            return _objective.Loss(network, _process.Corrupt(batch.Tokens, batch.Length, levels, uniforms));
        }
    }

    /// <summary>Writes down the losses of another objective.</summary>
    private sealed class Recording(ITrainingObjective inner) : ITrainingObjective
    {
        public List<double> Losses { get; } = [];

        public int SourceOnlyIds => inner.SourceOnlyIds;

        public int BlockLength(int contextLength) => inner.BlockLength(contextLength);

        public double[] RowLosses(TransformerNetwork network, TokenBatch batch) => inner.RowLosses(network, batch);

        public torch.Tensor Loss(TransformerNetwork network, TokenBatch batch)
        {
            torch.Tensor loss = inner.Loss(network, batch);
            Losses.Add(loss.ToDouble());
            return loss;
        }
    }

    /// <summary>The recorded micro batches, placed so that the loop's shuffled order gives them one after the other.</summary>
    private sealed class RecordedBlocks(SafetensorsReader file, int batches, int length) : ITokenBlocks
    {
        private readonly long[][] _batches = [.. Enumerable.Range(0, batches).Select(i => file.ReadIntegers($"batch{i:00}"))];
        private readonly BlockOrder _order = new(batches * 4, seed: 0);

        public int Count => batches * 4;

        public int Length => length;

        public long TokenCount => (long)Count * length;

        public void Read(int index, Span<long> destination)
        {
            int place = Enumerable.Range(0, Count).First(sequence => _order[sequence] == index);
            _batches[place / 4].AsSpan(place % 4 * 65, length).CopyTo(destination);
        }
    }

    private sealed class RecordedLengths(IReadOnlyList<int> lengths) : SequenceLengths(0.5, 64, 0)
    {
        protected override int Draw(long microBatch) => lengths[(int)microBatch];
    }

    /// <summary>Reads the draws in their order: where lengths are stochastic a number that says whether to cut, and to which length; then levels and positions.</summary>
    private static (List<int> Lengths, List<(float[] Levels, float[] Uniforms)> Noise) ReadDraws(SafetensorsReader file, int batches, bool stochasticLength)
    {
        int draw = 0;
        float[] Next() => file.ReadSingles($"rng.{draw++:000}.rand");
        var lengths = new List<int>();
        var noise = new List<(float[], float[])>();
        for (int i = 0; i < batches; i++)
        {
            lengths.Add(stochasticLength && Next()[0] < 0.5 ? (int)file.ReadIntegers($"rng.{draw++:000}.randint")[0] : 64);
            noise.Add((Next(), Next()));
        }
        return (lengths, noise);
    }

    [TestMethod]
    [DataRow("train5_exact", 505, 50500, 1, 2e-4)]
    [DataRow("train5_short", 2, 6, 1, 2e-4)]
    [DataRow("train5_accum2", 2, 6, 2, 2e-3)]
    [DataRow("train5_ssl", 2, 6, 1, 2e-4)]
    [DataRow("train5_arm", 2, 6, 1, 2e-4)]
    public void FiveStepsFollowTheReference(string name, int warmup, int steps, int accumulation, double learningRate)
    {
        string folder = Golden.RequireFolder();
        using JsonDocument index = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "rope_bf16", "index.json")));
        using JsonDocument tolerances = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "tolerances.json")));
        JsonElement[] trace = [.. index.RootElement.GetProperty(name).GetProperty("trace").EnumerateArray()];
        double Tolerance(string kind) => tolerances.RootElement.GetProperty("bf16").GetProperty(name).GetProperty(kind).GetDouble();
        using SafetensorsReader file = SafetensorsReader.Open(Path.Combine(folder, "rope_bf16", name + ".safetensors"));
        bool autoregressive = name == "train5_arm";
        using var network = new TransformerNetwork(Config with { Autoregressive = autoregressive }, torch.CPU);
        WeightFiles.Load(Path.Combine(folder, autoregressive ? "tiny_arm.safetensors" : "tiny_mdm.safetensors"), network);

        var settings = new TrainingSettings
        {
            MaxSteps = steps,
            WarmupSteps = warmup,
            BatchSize = 4 * accumulation,
            MicroBatchSize = 4,
            LearningRate = learningRate,
            ProgressInterval = 1,
            CancelBehavior = CancelBehavior.ReturnBestSoFar,
        };
        SequenceLengths? lengths = null;
        ITrainingObjective objective = new AutoregressiveObjective();
        if (!autoregressive)
        {
            (List<int> recordedLengths, List<(float[], float[])> noise) = ReadDraws(file, trace.Length, name == "train5_ssl");
            objective = new Replay(noise);
            lengths = name == "train5_ssl" ? new RecordedLengths(recordedLengths) : null;
        }
        var replay = new Recording(objective);
        var norms = new List<double>();
        using var source = new CancellationTokenSource();
        using var loop = new TrainingLoop(network, replay, new RecordedBlocks(file, trace.Length, objective.BlockLength(64)), null, settings, lengths);
        var progress = new Collected<TrainingProgress>(report =>
        {
            norms.Add(loop.GradientNorm);
            if (report.Step == 1)
                Compare(file, network, "param_after_step1.", Tolerance("param_err_max"), Tolerance("param_err_p9999"));
            if (report.Step == 5)
                source.Cancel();
        });
        TrainingResult result = loop.Run(progress, source.Token);

        Assert.AreEqual(5, result.Steps);
        JsonElement[] stepTrace = [.. trace.Where(row => row.TryGetProperty("grad_norm_before_clip", out _))];
        for (int i = 0; i < 5; i++)
        {
            // Both are double arithmetic.
            Assert.AreEqual(stepTrace[i].GetProperty("lr").GetDouble(), result.LossHistory[i].LearningRate, 1e-18, $"learning rate of step {i + 1}");
            double norm = stepTrace[i].GetProperty("grad_norm_before_clip").GetDouble();
            Assert.AreEqual(norm, norms[i], Slack * Tolerance("grad_norm_rel") * norm, $"gradient norm of step {i + 1}");
        }
        Assert.HasCount(trace.Length, replay.Losses);
        for (int i = 0; i < trace.Length; i++)
        {
            double loss = trace[i].GetProperty("loss").GetDouble();
            Assert.AreEqual(loss, replay.Losses[i], Slack * Tolerance("loss_rel") * loss, $"loss of micro batch {i + 1}");
        }
        Compare(file, network, "param_after_step5.", Tolerance("param_err_max"), Tolerance("param_err_p9999"));
        foreach (AdamWSlot slot in loop.Optimizer.Slots)
        {
            CompareMoments(file.ReadSingles("exp_avg." + slot.Name), slot.FirstMoment, slot.Name);
            CompareMoments(file.ReadSingles("exp_avg_sq." + slot.Name), slot.SecondMoment, slot.Name);
        }
    }

    // The tolerances are the deviations of one correct implementation; another, summing in another order, may deviate as much in the other direction.
    private const double Slack = 3;

    private static void Compare(SafetensorsReader file, TransformerNetwork network, string prefix, double largest, double quantile)
    {
        var errors = new List<double>();
        foreach ((string name, Parameter parameter) in network.Parameters)
        {
            float[] expected = file.ReadSingles(prefix + name);
            ReadOnlySpan<float> actual = TensorMemory.FloatSpan(parameter);
            for (int i = 0; i < expected.Length; i++)
                errors.Add(Math.Abs(expected[i] - actual[i]));
        }
        errors.Sort();
        Assert.IsLessThanOrEqualTo(Slack * largest, errors[^1], prefix + " largest");
        Assert.IsLessThanOrEqualTo(Slack * quantile, errors[(int)(0.9999 * errors.Count)], prefix + " 99.99 % quantile");
    }

    private static void CompareMoments(float[] expected, torch.Tensor moment, string name)
    {
        // As the gradients: relative to the tensor's largest.
        double tolerance = 3e-5 * expected.Max(Math.Abs);
        ReadOnlySpan<float> actual = TensorMemory.FloatSpan(moment);
        for (int i = 0; i < expected.Length; i++)
            Assert.AreEqual(expected[i], actual[i], tolerance, name);
    }
}

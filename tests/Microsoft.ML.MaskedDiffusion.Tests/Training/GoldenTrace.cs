using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics;
using Microsoft.ML.MaskedDiffusion.Training;
using TorchSharp;
using TorchSharp.Modules;

namespace Microsoft.ML.MaskedDiffusion.Tests.Training;

/// <summary>Runs the loop on the tiny network and holds it against a trace of the reference's own scripts: losses, norms, rates, moments and weights.</summary>
internal static class GoldenTrace
{
    // The tolerances are the deviations of one correct implementation; another, summing in another order, may deviate as much in the other direction.
    private const double Slack = 3;

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

    /// <summary>Trains as many steps as were recorded, of a schedule that is longer.</summary>
    public static void Follow(
        string name, SafetensorsReader file, bool autoregressive, ITrainingObjective objective, ITokenBlocks blocks, TrainingSettings settings, SequenceLengths? lengths = null)
    {
        JsonElement[] trace = [.. Golden.Json("rope_bf16", "index.json").GetProperty(name).GetProperty("trace").EnumerateArray()];
        JsonElement[] steps = [.. trace.Where(row => row.TryGetProperty("grad_norm_before_clip", out _))];
        double Tolerance(string kind) => Golden.Tolerance("bf16", name, kind);
        using var network = new TransformerNetwork(Golden.TinyConfig(RotaryPrecision.BFloat16, autoregressive), torch.CPU);
        WeightFiles.Load(Golden.PathOf(autoregressive ? "tiny_arm.safetensors" : "tiny_mdm.safetensors"), network);
        var replay = new Recording(objective);
        var norms = new List<double>();
        using var source = new CancellationTokenSource();
        using var loop = new TrainingLoop(network, replay, blocks, null, settings with { ProgressInterval = 1, CancelBehavior = CancelBehavior.ReturnBestSoFar }, lengths);
        double largest = Tolerance("param_err_max"), quantile = Tolerance("param_err_p9999");
        var progress = new Collected<TrainingProgress>(report =>
        {
            norms.Add(loop.GradientNorm);
            if (report.Step == 1)
                Compare(file, network, "param_after_step1.", largest, quantile);
            if (report.Step == steps.Length)
                source.Cancel();
        });
        TrainingResult result = loop.Run(progress, source.Token);

        Assert.AreEqual(steps.Length, result.Steps);
        double normTolerance = Tolerance("grad_norm_rel"), lossTolerance = Tolerance("loss_rel");
        for (int i = 0; i < steps.Length; i++)
        {
            // Both are double arithmetic.
            Assert.AreEqual(steps[i].GetProperty("lr").GetDouble(), result.LossHistory[i].LearningRate, 1e-18, $"learning rate of step {i + 1}");
            double norm = steps[i].GetProperty("grad_norm_before_clip").GetDouble();
            Assert.AreEqual(norm, norms[i], Slack * normTolerance * norm, $"gradient norm of step {i + 1}");
        }
        Assert.HasCount(trace.Length, replay.Losses);
        for (int i = 0; i < trace.Length; i++)
        {
            double loss = trace[i].GetProperty("loss").GetDouble();
            Assert.AreEqual(loss, replay.Losses[i], Slack * lossTolerance * loss, $"loss of micro batch {i + 1}");
        }
        Compare(file, network, $"param_after_step{steps.Length}.", largest, quantile);
        foreach (AdamWSlot slot in loop.Optimizer.Slots)
        {
            CompareMoments(file.ReadSingles("exp_avg." + slot.Name), slot.FirstMoment, slot.Name);
            CompareMoments(file.ReadSingles("exp_avg_sq." + slot.Name), slot.SecondMoment, slot.Name);
        }
    }

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

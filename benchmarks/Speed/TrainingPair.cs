using Microsoft.ML.MaskedDiffusion.Benchmarks.PlainCode;
using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Training;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Speed;

/// <summary>
/// Training steps of this library and of the plain code, from the same weights on the same batches, in turns: ours, the plain code's, ours,
/// the plain code's.
/// </summary>
/// <param name="config">The network's shape.</param>
/// <param name="rows">Sequences of a step.</param>
/// <param name="length">Tokens of a sequence.</param>
/// <param name="place">Where to compute.</param>
internal sealed class TrainingPair(TransformerConfig config, int rows, int length, torch.Device place)
{
    private const int LeastPairs = 3;

    /// <summary>The arithmetic of both.</summary>
    public Precision Precision { get; init; }

    /// <summary>Whether ours computes activations again in the backward pass; the plain code keeps them.</summary>
    public bool ActivationCheckpointing { get; init; }

    /// <summary>Measures for about so many seconds, at least three pairs, after one that does not count.</summary>
    public Result Measure(double seconds)
    {
        var settings = new TrainingSettings { LearningRate = 1e-4 };
        var data = new TrainingData(config, rows, length);
        using var network = new TransformerNetwork(config, place);
        network.Initialize(1);
        network.Precision = Precision;
        network.ActivationCheckpointing = ActivationCheckpointing;
        using var plain = new PlainTraining(network, settings, Precision == Precision.BFloat16Mixed);
        using var ours = new OurTraining(network, settings);
        SameWork.RequireEqualGradients(ours, plain, data.Batch(0), Precision == Precision.BFloat16Mixed ? 0.1 : 2e-3);
        var times = new PairedTimes();
        var (allocated, oursWork, plainWork) = (new List<double>(), new List<double>(), new List<double>());
        for (int step = 0; times.Count < LeastPairs || times.Total < seconds; step++)
        {
            NoisyBatch batch = data.Batch(step);
            long before = GC.GetTotalAllocatedBytes(precise: true);
            double oursSeconds = Timing.Seconds(place, () => ours.Step(batch));
            double bytes = GC.GetTotalAllocatedBytes(precise: true) - before;
            double plainSeconds = Timing.Seconds(place, () => plain.Step(batch));
            if (step == 0)
                continue;
            times.Add(oursSeconds, plainSeconds);
            allocated.Add(bytes);
            var work = new TrainingFlops(config, rows, length, batch.Targets.Length);
            oursWork.Add(OurWork(work).Step / oursSeconds);
            plainWork.Add(work.Step / plainSeconds);
        }
        SameWork.RequireEqualLosses(ours, plain);
        return new Result(times, Timing.Median(oursWork), Timing.Median(plainWork), Timing.Median(allocated));
    }

    /// <summary>What this library leaves out of a step: of the last block what only positions without a mask would need.</summary>
    public static TrainingFlops OurWork(TrainingFlops all) => all with { LastBlockAtMaskedOnly = true };

    /// <summary>What was measured.</summary>
    /// <param name="Times">The seconds of the steps.</param>
    /// <param name="OurRate">Floating point operations a second of ours, median.</param>
    /// <param name="PlainRate">The same of the plain code.</param>
    /// <param name="AllocatedBytes">Managed bytes that a step of ours allocates, median.</param>
    public sealed record Result(PairedTimes Times, double OurRate, double PlainRate, double AllocatedBytes);
}

using System.CommandLine;
using System.Diagnostics;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks;

/// <summary>How the speed commands take times.</summary>
internal static class Timing
{
    /// <summary>The option that says how often each case is measured.</summary>
    public static Option<int> Rounds(string description, int byDefault)
    {
        var rounds = new Option<int>("--rounds") { Description = description, DefaultValueFactory = _ => byDefault };
        rounds.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
                result.AddError("--rounds must be at least 1.");
        });
        return rounds;
    }

    /// <summary>The seconds of some work, with what it has left in a GPU's queue.</summary>
    public static double Seconds(torch.Device place, Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        if (place.type == DeviceType.CUDA)
            torch.cuda.synchronize(place);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>The middle value; of an even number the mean of the two in the middle.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

/// <summary>Times of two kinds of work that took turns, ours and the plain code's.</summary>
internal sealed class PairedTimes
{
    private readonly List<double> _ours = [];
    private readonly List<double> _plain = [];

    public int Count => _ours.Count;

    public double Total => _ours.Sum() + _plain.Sum();

    /// <summary>The median seconds of ours.</summary>
    public double Ours => Timing.Median(_ours);

    /// <summary>The median seconds of the plain code's.</summary>
    public double Plain => Timing.Median(_plain);

    /// <summary>The median of the pairs' ratios: how many times as fast ours is.</summary>
    public double Ratio => Timing.Median(_ours.Zip(_plain, (ours, plain) => plain / ours));

    public void Add(double ours, double plain)
    {
        _ours.Add(ours);
        _plain.Add(plain);
    }
}

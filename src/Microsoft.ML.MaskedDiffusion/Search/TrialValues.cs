using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Search;

/// <summary>The values of each trial, which its number and the seed decide.</summary>
internal sealed class TrialValues(SearchOptions options)
{
    /// <summary>The values in the order of the space's dimensions.</summary>
    public object?[] Of(int trial) =>
        [.. options.Space.Dimensions.Select((dimension, index) => dimension.ValueAt(Place(trial, index)))];

    /// <summary>The same as they are shown.</summary>
    public string[] Shown(int trial) => [.. Of(trial).Select(SearchDimension.Show)];

    /// <summary>The trainer's options with a trial's values.</summary>
    public TrainerOptions Apply(int trial)
    {
        TrainerOptions trainer = options.Trainer.Clone();
        foreach ((SearchDimension dimension, object? value) in options.Space.Dimensions.Zip(Of(trial)))
            dimension.Apply(trainer, value);
        return trainer;
    }

    // From 0 up to but not 1. A random shift of all points, modulo 1, keeps them even and unlike those of another seed.
    private double Place(int trial, int dimension)
    {
        if (options.Sampler == SearchSampler.Random)
            return Draw(((ulong)trial << 32) + (ulong)dimension);
        double place = SobolSequence.Coordinate((uint)trial, dimension) / 4294967296.0 + Draw(ulong.MaxValue - (ulong)dimension);
        return place - Math.Floor(place);
    }

    private double Draw(ulong stream)
    {
        var random = new CounterRandom((ulong)options.Seed, stream, RandomPurpose.Search);
        return random.NextDouble();
    }
}

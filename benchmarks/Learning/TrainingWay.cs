namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Learning;

/// <summary>A way to train the demo's network.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="IsAutoregressive">Whether an autoregressive model is trained.</param>
/// <param name="Change">What it changes of the demo's options.</param>
internal sealed record TrainingWay(string Name, bool IsAutoregressive, Action<TrainerOptions> Change)
{
    /// <summary>All ways.</summary>
    public static IReadOnlyList<TrainingWay> All { get; } =
    [
        new("autoregressive", true, options => options.Noise = new NoiseOptions()),
        new("published", false, options => options.Noise = new NoiseOptions()),
        new("uniform", false, _ => { }),
        new("warm-0.2", false, options => options.WarmStart = 0.2),
        new("warm-0.33", false, options => options.WarmStart = 1 / 3.0),
        new("warm-0.5", false, options => options.WarmStart = 0.5),
        new("warm-0.65", false, options => options.WarmStart = 0.65),
    ];

    /// <summary>The way of a name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static TrainingWay Named(string name) => All.FirstOrDefault(way => way.Name == name)
        ?? throw new ArgumentException($"There is no way '{name}'; there are {string.Join(", ", All.Select(way => way.Name))}.");
}

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Learning;

/// <summary>A way to train the demo's network.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="IsAutoregressive">Whether an autoregressive model is trained.</param>
/// <param name="Change">What it changes of the demo's options.</param>
internal sealed record TrainingWay(string Name, bool IsAutoregressive, Action<TrainerOptions> Change)
{
    /// <summary>
    /// All ways: an autoregressive model; SMDM's options; uniform loss weights and stratified noise levels; and the same after a third of
    /// the run, as in the demo, or half of it as an autoregressive model.
    /// </summary>
    public static IReadOnlyList<TrainingWay> All { get; } =
    [
        new("autoregressive", true, options => (options.Noise, options.WarmStart) = (new NoiseOptions(), 0)),
        new("published", false, options => (options.Noise, options.WarmStart) = (new NoiseOptions(), 0)),
        new("uniform", false, options => options.WarmStart = 0),
        new("warm", false, _ => { }),
        new("warm-half", false, options => options.WarmStart = 0.5),
    ];

    /// <summary>The way of a name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static TrainingWay Named(string name) => All.FirstOrDefault(way => way.Name == name)
        ?? throw new ArgumentException($"There is no way '{name}'; there are {string.Join(", ", All.Select(way => way.Name))}.");
}

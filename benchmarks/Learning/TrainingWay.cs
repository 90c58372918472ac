namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Learning;

/// <summary>A way to train a model on the demo's text.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="IsAutoregressive">Whether an autoregressive model is trained.</param>
/// <param name="Change">What it changes of the demo's options.</param>
internal sealed record TrainingWay(string Name, bool IsAutoregressive, Action<TrainerOptions> Change)
{
    /// <summary>
    /// All ways. With the demo's earlier settings: an autoregressive model; SMDM's options; uniform loss weights and stratified noise
    /// levels; and the same after a third of the run, or half of it as an autoregressive model. With the recipe's settings: the recipe as
    /// the demo takes it, an autoregressive model, the recipe with one of its choices taken back or changed, and block diffusion models.
    /// </summary>
    public static IReadOnlyList<TrainingWay> All { get; } =
    [
        Earlier("autoregressive", true, Published),
        Earlier("published", false, Published),
        Earlier("uniform", false, options => options.WarmStart = 0),
        Earlier("warm", false, _ => { }),
        Earlier("warm-half", false, options => options.WarmStart = 0.5),
        new("fast", false, _ => { }),
        new("fast-autoregressive", true, Published),
        new("fast-cold", false, options => options.WarmStart = 0),
        new("fast-half", false, options => options.WarmStart = 0.5),
        new("fast-1024", false, options => Vocabulary(options, 1024)),
        new("fast-2048", false, options => Vocabulary(options, 2048)),
        new("fast-4096", false, options => Vocabulary(options, 4096)),
        new("fast-8192", false, options => Vocabulary(options, 8192)),
        new("fast-16384", false, options => Vocabulary(options, 16384)),
        new("fast-average", false, options => options.Optimizer.EmaDecay = 0.997),
        new("fast-to-zero", false, options => options.Optimizer.MinLearningRateRatio = 0),
        new("fast-lengths", false, options => options.Noise.StochasticLengthRatio = 0.5),
        new("fast-slower", false, options => options.LearningRate /= 1.5),
        new("fast-annealed", false, options => options.AttentionAnnealing = 0.2),
        new("fast-untied", false, options => options.Network = options.Network with { TiesEmbeddings = false }),
        new("fast-normed", false, options => options.Network = options.Network with { HasQueryKeyNorm = true }),
        new("fast-blocks-12", false, options => Blocks(options, 12)),
        new("fast-blocks-4", false, options => Blocks(options, 4)),
    ];

    /// <summary>The way of a name, or of several joined by plus signs: what they change, one after the other.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static TrainingWay Named(string name)
    {
        TrainingWay[] ways = [.. name.Split('+').Select(part => All.FirstOrDefault(way => way.Name == part)
            ?? throw new ArgumentException($"There is no way '{part}'; there are {string.Join(", ", All.Select(way => way.Name))}."))];
        return new TrainingWay(name, ways[0].IsAutoregressive, options =>
        {
            foreach (TrainingWay way in ways)
                way.Change(options);
        });
    }

    private static TrainingWay Earlier(string name, bool isAutoregressive, Action<TrainerOptions> change) => new(
        name, isAutoregressive,
        options =>
        {
            EarlierSettings.Apply(options);
            change(options);
        });

    private static void Published(TrainerOptions options) => (options.Noise, options.WarmStart) = (new NoiseOptions(), 0);

    private static void Blocks(TrainerOptions options, int size) =>
        options.Network = options.Network with { AttentionBlockSize = size };

    private static void Vocabulary(TrainerOptions options, int size)
    {
        options.Network = options.Network with { VocabularySize = size };
        options.Tokenizer = TokenizerSource.TrainBytePairEncoding(size);
    }
}

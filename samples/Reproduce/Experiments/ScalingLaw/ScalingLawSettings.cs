using Microsoft.ML.MaskedDiffusion;
using Reproduce.Experiments.Common;
using Reproduce.Runs;

namespace Reproduce.Experiments.ScalingLaw;

/// <summary>Everything that is chosen for losses at equal compute.</summary>
internal sealed record ScalingLawSettings
{
    // Larger than the last step of any training.
    private const long NoStep = 1_000_000_000_000;

    private const int SmallVocabularySize = 1024, SmallContextLength = 64;

    /// <summary>
    /// Small networks around the best size of each budget. Those of masked diffusion are smaller: with so little compute a larger one does
    /// not learn more than how frequent the tokens are. Uniform loss weights let it leave that state sooner.
    /// </summary>
    public static ScalingLawSettings Small { get; } = new()
    {
        Budgets =
        [
            SmallNetworks(2e11, [(1, 16), (2, 16), (2, 24), (2, 32), (2, 48)], [(2, 24), (2, 32), (2, 48), (3, 64), (3, 96)]),
            SmallNetworks(4e11, [(1, 16), (2, 16), (2, 24), (2, 32), (2, 48)], [(2, 24), (2, 32), (2, 48), (3, 64), (3, 96)]),
            SmallNetworks(8e11, [(2, 16), (2, 24), (2, 32), (2, 48), (3, 64)], [(2, 24), (2, 32), (2, 48), (3, 64), (3, 96)]),
            SmallNetworks(1.6e12, [(2, 16), (2, 24), (2, 32), (2, 48), (3, 64)], [(2, 32), (2, 48), (3, 48), (3, 64), (3, 96)]),
        ],
        BatchSize = 16,
        LearningRate = 3e-3,
        LearningRateWidth = 128,
        Beta2 = 0.99,
        NoiseLevels = NoiseLevels.Stratified,
        LossWeighting = LossWeighting.Uniform,
        VocabularySize = SmallVocabularySize,
        HeldOutDocuments = 300,
        HeldOutBlocks = 30,
    };

    /// <summary>
    /// The published budgets, batches and schedule. The learning rate is that of the published program; the paper's text says 4e-4. The
    /// sizes are presets that lie around the published optimum of each budget and kind, because which ones were trained is not published.
    /// </summary>
    public static ScalingLawSettings Published { get; } = new()
    {
        Budgets =
        [
            Presets(6e18, ["34M", "48M", "85M", "142M", "206M"], ["66M", "113M", "142M", "231M", "336M"]),
            Presets(1e19, ["48M", "66M", "113M", "170M", "268M"], ["85M", "142M", "231M", "336M", "551M"]),
            Presets(3e19, ["85M", "142M", "231M", "336M", "551M"], ["180M", "302M", "472M", "666M", "1028M"]),
            Presets(6e19, ["142M", "231M", "336M", "571M", "831M"], ["268M", "472M", "629M", "944M", "1476M"]),
            Presets(1e20, ["206M", "302M", "472M", "717M", "1028M"], ["472M", "717M", "1028M", "1476M", "2121M"]),
        ],
        BatchSize = 256,
        MicroBatchSize = 4,
        LearningRate = 2e-4,
        Beta2 = 0.95,
        NoiseLevels = NoiseLevels.Independent,
        Precision = Precision.BFloat16Mixed,
        HeldOutBlocks = 1000,
        HeldOutSamples = 128,
    };

    /// <summary>The budgets, rising, each with its networks.</summary>
    public required IReadOnlyList<IsoFlopBudget> Budgets { get; init; }

    /// <summary>All networks of the budgets.</summary>
    public TransformerConfig[] Networks =>
        [.. Budgets.SelectMany(budget => budget.MaskedDiffusion.Concat(budget.Autoregressive)).Distinct()];

    /// <summary>Sequences of a step.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Sequences worked on at once; more take more memory and hardly change anything. Null: the trainer decides.</summary>
    public int? MicroBatchSize { get; init; }

    /// <summary>The highest learning rate; warm-up and cosine are the trainer's defaults, which are the published ones.</summary>
    public required double LearningRate { get; init; }

    /// <summary>The width that has this learning rate; it falls as the root of the width. Null: it is the same for all widths.</summary>
    public int? LearningRateWidth { get; init; }

    public required double Beta2 { get; init; }

    /// <summary>How the noise levels of masked diffusion are drawn.</summary>
    public required NoiseLevels NoiseLevels { get; init; }

    /// <summary>The weights of masked diffusion's training loss; the measured loss is the bound, whatever they are.</summary>
    public LossWeighting LossWeighting { get; init; } = LossWeighting.InverseNoiseLevel;

    public Precision Precision { get; init; } = Precision.Float32;

    /// <summary>The tokens of a tokenizer that is learned; null where the packed tokens have one.</summary>
    public int? VocabularySize { get; init; }

    /// <summary>Held-out documents to measure the loss on; null where it is measured on held-out packed tokens.</summary>
    public int? HeldOutDocuments { get; init; }

    /// <summary>Blocks that held-out documents are dealt to, for the bootstrap; or those of packed tokens, each a sequence.</summary>
    public required int HeldOutBlocks { get; init; }

    /// <summary>Masks of each held-out block of packed tokens under masked diffusion.</summary>
    public int? HeldOutSamples { get; init; }

    /// <summary>Draws of the bootstrap.</summary>
    public int Resamples { get; init; } = 1000;

    /// <summary>The options of a training, all but its tokens.</summary>
    /// <param name="kind">Which kind of model is trained.</param>
    /// <param name="network">The network.</param>
    /// <param name="flops">The budget.</param>
    /// <param name="tokenizer">The tokenizer that made the tokens.</param>
    public TrainerOptions Options(ModelKind kind, TransformerConfig network, double flops, TextTokenizer tokenizer)
    {
        var options = new TrainerOptions
        {
            Network = network,
            Tokenizer = TokenizerSource.FromTokenizer(tokenizer),
            BatchSize = BatchSize,
            Budget = { MaxFlops = flops },
            LearningRate = LearningRate * (LearningRateWidth is { } width ? Math.Sqrt((double)width / network.EmbeddingSize) : 1),
            Optimizer = { Beta2 = Beta2 },
            Compute = { MicroBatchSize = MicroBatchSize, Precision = Precision },
        };
        if (kind == ModelKind.MaskedDiffusion)
            (options.Noise.Levels, options.Noise.LossWeighting) = (NoiseLevels, LossWeighting);
        return options;
    }

    /// <summary>The loss on held-out packed tokens, measured once, behind the last step, as published.</summary>
    public ValidationOptions Validation(PackedCorpus heldOut, RunOptions run)
    {
        var options = new ValidationOptions { Tokens = heldOut, Interval = NoStep, MaxBlocks = run.Scaled(HeldOutBlocks) };
        if (HeldOutSamples is { } samples)
            options.Samples = run.Scaled(samples);
        return options;
    }

    private static IsoFlopBudget SmallNetworks(
        double flops, (int Layers, int Width)[] maskedDiffusion, (int Layers, int Width)[] autoregressive) =>
        new(flops, Array.ConvertAll(maskedDiffusion, SmallNetwork), Array.ConvertAll(autoregressive, SmallNetwork));

    private static TransformerConfig SmallNetwork((int Layers, int Width) size)
    {
        var network = new NetworkSize(size.Layers, size.Width) { HeadSize = 16 };
        return network.Network(SmallContextLength) with { VocabularySize = SmallVocabularySize };
    }

    private static IsoFlopBudget Presets(double flops, string[] maskedDiffusion, string[] autoregressive) => new(
        flops, Array.ConvertAll(maskedDiffusion, TransformerConfig.FromPreset),
        Array.ConvertAll(autoregressive, TransformerConfig.FromPreset));
}

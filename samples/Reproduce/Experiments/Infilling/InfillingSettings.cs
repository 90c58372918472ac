using Microsoft.ML.MaskedDiffusion;
using Reproduce.Experiments.Common;
using Reproduce.Runs;

namespace Reproduce.Experiments.Infilling;

/// <summary>Everything that is chosen for the gaps.</summary>
internal sealed record InfillingSettings
{
    // The beginning and the end of a text.
    private const int TokensAroundText = 2;

    /// <summary>Small models of the documentation, all three of the same network and as many steps.</summary>
    public static InfillingSettings Small { get; } = new()
    {
        Network = new NetworkShape(Layers: 2, Heads: 4, Width: 128, VocabularySize: 4096),
        Steps = 2000,
        // Without a warm start, the masked diffusion model would hardly know more than word frequencies after so few steps.
        Training = new SmallTraining { BatchSize = 24, WarmStart = 1.0 / 3 },
        Questions = 300,
        GapLengths = [1, 2, 3, 5],
        MostRowTokens = 60,
        MostGapTokens = 10,
    };

    /// <summary>
    /// Pre-trained models on texts that are named, and a third that learns to write the middle last from the autoregressive one. The
    /// lengths of rows and gaps and the fine-tuning are ours: MARIA has no fine-tuned model, and measures another way.
    /// </summary>
    public static InfillingSettings Published { get; } = new()
    {
        Steps = 5000,
        Training = new SmallTraining { BatchSize = 64, LearningRate = 2e-4, Beta2 = 0.95, MinLearningRateRatio = 0.1 },
        Questions = 1000,
        GapLengths = [1, 2, 3, 5, 10],
        MostRowWords = 200,
        MostRowTokens = 512,
        MostGapTokens = 32,
    };

    /// <summary>The network of all three models; null where they are pre-trained.</summary>
    public NetworkShape? Network { get; init; }

    /// <summary>The steps of a training.</summary>
    public required int Steps { get; init; }

    /// <summary>How the small models are trained, or the third model is fine-tuned.</summary>
    public required SmallTraining Training { get; init; }

    /// <summary>Held-out rows, each with a gap of every length.</summary>
    public required int Questions { get; init; }

    /// <summary>The words of gaps, rising.</summary>
    public required int[] GapLengths { get; init; }

    /// <summary>The least words between a gap and the ends of its row.</summary>
    public int Margin { get; init; } = 3;

    /// <summary>The least words of a row that is learned: a middle with something on both sides.</summary>
    public int LeastWords { get; init; } = 3;

    /// <summary>The words of a text that make a row, from its beginning; null where a row is a whole text.</summary>
    public int? MostRowWords { get; init; }

    /// <summary>The most tokens of a row; longer ones are left out.</summary>
    public required int MostRowTokens { get; init; }

    /// <summary>The most tokens that a gap of unknown length may have.</summary>
    public required int MostGapTokens { get; init; }

    /// <summary>The tokens that have room for a row in either order whose gap is as long as it may be.</summary>
    public int ContextLength => MostRowTokens + MiddleLast.AdditionalTokens + TokensAroundText + MostGapTokens;

    /// <summary>The words of a row with a gap of the longest.</summary>
    public int LeastHeldOutWords => GapLengths[^1] + (2 * Margin);

    /// <summary>The options of a small model's training.</summary>
    public TrainerOptions Options(ModelKind kind, TextTokenizer tokenizer, int steps) =>
        Training.Options(kind, Network!.Config(ContextLength), TokenizerSource.FromTokenizer(tokenizer), steps);

    /// <summary>The options with which the pre-trained autoregressive model goes on.</summary>
    public TrainerOptions Options(MaskedDiffusionModel model, int steps)
    {
        TrainerOptions options = Training.Options(ModelKind.Autoregressive, steps);
        options.InitialModel = model;
        return options;
    }

    /// <summary>A network but for its context.</summary>
    internal sealed record NetworkShape(int Layers, int Heads, int Width, int VocabularySize)
    {
        /// <summary>The network.</summary>
        public TransformerConfig Config(int contextLength) => new()
        {
            Name = "gaps",
            LayerCount = Layers,
            HeadCount = Heads,
            EmbeddingSize = Width,
            FeedForwardSize = 4 * Width,
            VocabularySize = VocabularySize,
            ContextLength = contextLength,
        };
    }
}

using Microsoft.ML.MaskedDiffusion.Options;
using Microsoft.ML.MaskedDiffusion.ProcessGroups;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Options for trainings of minutes to hours on one machine, where the defaults of <see cref="TrainerOptions"/> are those of "Scaling up
/// Masked Diffusion Models on Text" (Nie et al., 2024) for days on many. The model is of the same kind. Change what is returned as you
/// like; what each choice is worth stands in docs/learning.md.
/// </summary>
public static class TrainingRecipes
{
    // Batches of groups are a multiple of this, so that a run may go on with another number of ranks that divides it.
    private const int CommonBatch = 16;

    // What the sizes were measured with: five minutes on two cores.
    private const double MeasuredCoreMinutes = 10;
    private const int LeastWidth = 128, MostWidth = 512, LeastLayers = 3, HeadSize = 32;

    // Tokens of a step, and the learning rate of the least width.
    private const int StepTokens = 864;
    private const double LeastWidthRate = 4.5e-3;

    // With AdamW's usual 0.95 half of what is remembered is of the last 13 steps, which have few tokens here.
    private const double SecondDecay = 0.99;

    /// <summary>
    /// The options that learn fastest: a network for the time, whose output layer is its embedding table
    /// (<see cref="TransformerConfig.TiesEmbeddings"/>), a vocabulary of whole words, a third of the time as an autoregressive model
    /// (<see cref="TrainerOptions.WarmStart"/>), uniform loss weights, stratified noise levels, and a longer memory of AdamW for the size
    /// of gradients, because a step has few tokens (Marek et al., 2025).
    /// </summary>
    /// <remarks>
    /// The network has 3 layers of width 128 up to 10 minutes of a core, five minutes on two, for which it was measured. From there its
    /// parameters outside embeddings grow as the square root of minutes x cores, as at the least loss for a given compute (Hoffmann et al.,
    /// 2022), up to a width of 512, and the learning rate falls as the width grows. That part is a rule and not measured.
    /// </remarks>
    /// <param name="minutes">Minutes of training, above 0 and at most 1e7: the budget.</param>
    /// <param name="cores">
    /// Cores to train on, at least 1. Null, the default: those of this machine, or of all ranks of the group. A GPU stands for some
    /// hundreds of them.
    /// </param>
    /// <param name="corpusBytes">
    /// Bytes of text, at least 1: the vocabulary has a token for each 128 of them, or less, down to a power of two, and 1,024 to 8,192
    /// tokens, because a token that hardly ever comes is not learned. Null, the default: 8,192 tokens, for 1,048,576 bytes and more.
    /// </param>
    /// <param name="contextLength">
    /// The network's context in tokens, 8 to 4,096; longer texts are scored in windows. Short texts are learned fastest in a context that
    /// is about as long as they are. A step has about 864 tokens, but at least one row. Default 64.
    /// </param>
    /// <param name="processGroup">
    /// The processes to train on, all of which make this call; the batch then is a multiple of their number, the same for 1, 2, 4, 8 and 16
    /// of them. Null, the default: this process.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public static TrainerOptions Fast(double minutes = 5, int? cores = null, long? corpusBytes = null, int contextLength = 64,
        IProcessGroup? processGroup = null)
    {
        OptionCheck.Require(minutes is > 0 and <= 1e7, nameof(minutes), minutes, "above 0 and at most 1e7");
        OptionCheck.RequireCountOrNull(cores, nameof(cores));
        OptionCheck.RequireCountOrNull(corpusBytes, nameof(corpusBytes));
        OptionCheck.Require(contextLength is >= 8 and <= 4096, nameof(contextLength), contextLength, "8 to 4096");
        IProcessGroup group = processGroup ?? SingleProcess.Instance;
        int vocabularySize = VocabularySize(corpusBytes);
        int all = cores ?? group.Gather(() => Environment.ProcessorCount).Sum();
        TransformerConfig network = Network(minutes * all, vocabularySize, contextLength);
        int batchSize = Math.Max(1, (int)Math.Round((double)StepTokens / contextLength));
        return new TrainerOptions
        {
            Network = network,
            Tokenizer = TokenizerSource.TrainBytePairEncoding(vocabularySize),
            Budget = { MaxSeconds = minutes * 60 },
            BatchSize = processGroup is null ? batchSize : RoundUp(batchSize, CommonBatch % group.Size == 0 ? CommonBatch : group.Size),
            ProcessGroup = group,
            LearningRate = LeastWidthRate * LeastWidth / network.EmbeddingSize,
            Optimizer = { Beta2 = SecondDecay },
            WarmStart = 1 / 3.0,
            Noise = { LossWeighting = LossWeighting.Uniform, Levels = NoiseLevels.Stratified },
            Validation = { Interval = 1000 },
        };
    }

    /// <summary>The recipe's smallest network, without a budget.</summary>
    internal static TrainerOptions FewSteps()
    {
        TrainerOptions options = Fast(MeasuredCoreMinutes, cores: 1);
        options.Budget = new BudgetOptions();
        return options;
    }

    private static int RoundUp(int number, int unit) => (number + unit - 1) / unit * unit;

    // The power of two next below.
    private static int VocabularySize(long? corpusBytes) =>
        corpusBytes is not { } bytes ? 8192 : (int)Math.Clamp(1L << (int)Math.Log2(Math.Max(1, bytes / 128)), 1024, 8192);

    // Depth grows with width, so that parameters grow as the cube of the width and compute as its sixth power.
    private static TransformerConfig Network(double coreMinutes, int vocabularySize, int contextLength)
    {
        double ideal = LeastWidth * Math.Pow(Math.Max(1, coreMinutes / MeasuredCoreMinutes), 1 / 6.0);
        int width = Math.Min(MostWidth, (int)(ideal / HeadSize) * HeadSize);
        return new TransformerConfig
        {
            Name = "fast",
            LayerCount = LeastLayers * width / LeastWidth,
            HeadCount = width / HeadSize,
            EmbeddingSize = width,
            FeedForwardSize = 4 * width,
            VocabularySize = vocabularySize,
            ContextLength = contextLength,
            // What a token means is then learned once, from where it stands and from where it is predicted.
            TiesEmbeddings = true,
        };
    }
}

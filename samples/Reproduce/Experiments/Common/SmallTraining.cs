using Microsoft.ML.MaskedDiffusion;
using Reproduce.Runs;

namespace Reproduce.Experiments.Common;

/// <summary>How small models of both kinds are trained for minutes, the same but for what only masked diffusion has.</summary>
internal sealed record SmallTraining
{
    /// <summary>Rows of text, or sequences of packed text, of each step.</summary>
    public required int BatchSize { get; init; }

    public double LearningRate { get; init; } = 3e-3;

    public double Beta2 { get; init; } = 0.99;

    public double MinLearningRateRatio { get; init; } = 0.01;

    /// <summary>
    /// The share of the masked diffusion model's steps in which it learns as an autoregressive one. Without it, it would hardly know more
    /// than word frequencies after so few steps.
    /// </summary>
    public double WarmStart { get; init; } = 1.0 / 3;

    /// <summary>The options of a training.</summary>
    public TrainerOptions Options(ModelKind kind, TransformerConfig network, TextTokenizer tokenizer, int steps)
    {
        var options = new TrainerOptions
        {
            Network = network,
            Tokenizer = TokenizerSource.FromTokenizer(tokenizer),
            MaxSteps = steps,
            BatchSize = BatchSize,
            LearningRate = LearningRate,
            Optimizer = { Beta2 = Beta2, MinLearningRateRatio = MinLearningRateRatio },
        };
        if (kind == ModelKind.MaskedDiffusion)
        {
            options.WarmStart = WarmStart;
            (options.Noise.LossWeighting, options.Noise.Levels) = (LossWeighting.Uniform, NoiseLevels.Stratified);
        }
        return options;
    }
}

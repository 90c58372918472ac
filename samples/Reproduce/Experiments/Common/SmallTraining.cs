using Microsoft.ML.MaskedDiffusion;
using Reproduce.Runs;

namespace Reproduce.Experiments.Common;

/// <summary>How small models of both kinds are trained for minutes, the same but for what only masked diffusion has.</summary>
internal sealed record SmallTraining
{
    /// <summary>Rows of text, or sequences of packed text, of each step.</summary>
    public required int BatchSize { get; init; }

    /// <summary>The highest learning rate; it falls by a cosine to <see cref="MinLearningRateRatio"/> times that.</summary>
    public double LearningRate { get; init; } = 3e-3;

    public double Beta2 { get; init; } = 0.99;

    public double MinLearningRateRatio { get; init; } = 0.01;

    /// <summary>The share of the masked diffusion model's steps in which it learns as an autoregressive one.</summary>
    public double WarmStart { get; init; }

    /// <summary>The options of a training from random weights.</summary>
    public TrainerOptions Options(ModelKind kind, TransformerConfig network, TokenizerSource tokenizer, int? steps)
    {
        TrainerOptions options = Options(kind, steps);
        (options.Network, options.Tokenizer) = (network, tokenizer);
        return options;
    }

    /// <summary>The options that do not say where a training begins.</summary>
    public TrainerOptions Options(ModelKind kind, int? steps)
    {
        var options = new TrainerOptions
        {
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

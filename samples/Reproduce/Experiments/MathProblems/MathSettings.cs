using Microsoft.ML.MaskedDiffusion;
using Reproduce.Experiments.Common;

namespace Reproduce.Experiments.MathProblems;

/// <summary>Everything that is chosen for one set of problems.</summary>
internal sealed record MathSettings
{
    /// <summary>Arithmetic on small numbers, which a small network learns.</summary>
    public static MathSettings Arithmetic { get; } = new()
    {
        Training = new PromptTraining(Layers: 2, Width: 96, Steps: 1600, BatchSize: 24),
        VocabularySize = 400,
        RowTokens = 50,
        SamplerSteps = 50,
        Questions = 300,
    };

    /// <summary>GSM8K's own problems, in rows of the published length.</summary>
    public static MathSettings Gsm8k { get; } = new()
    {
        Training = new PromptTraining(Layers: 2, Width: 96, Steps: 150, BatchSize: 8),
        VocabularySize = 2048,
        RowTokens = 256,
        SamplerSteps = 32,
        Questions = 40,
    };

    /// <summary>The published setting, for a model that is pre-trained, on all problems of the test.</summary>
    public static MathSettings Published { get; } = new() { RowTokens = 256, SamplerSteps = 256, Questions = 1319 };

    /// <summary>The network and its training, the same for both kinds of model; null for the published recipe.</summary>
    public PromptTraining? Training { get; init; }

    /// <summary>The most tokens of the tokenizer; every digit is a token. Null for that of the pre-trained model.</summary>
    public int? VocabularySize { get; init; }

    /// <summary>
    /// The tokens of a row; as published, masked diffusion's rows are filled up with ends of text that are learned, and it writes as far.
    /// </summary>
    public required int RowTokens { get; init; }

    /// <summary>Steps of a text; the published ones are as many as the tokens of a row.</summary>
    public required int SamplerSteps { get; init; }

    /// <summary>Problems of the test.</summary>
    public required int Questions { get; init; }

    /// <summary>Masks for the bound on an answer's likelihood.</summary>
    public int LikelihoodSamples { get; init; } = 16;

    /// <summary>As published, for masked diffusion.</summary>
    public double GuidanceScale { get; init; } = 0.1;

    /// <summary>
    /// The published sampler: the most confident first, temperature 0.1. The temperature alone counts for the other kind of model.
    /// </summary>
    public SamplingOptions Sampling(bool isGuided, int seed)
    {
        SamplingOptions sampling = SamplingPresets.SmdmGreedy;
        (sampling.Steps, sampling.GuidanceScale, sampling.Seed) = (SamplerSteps, isGuided ? GuidanceScale : 0, seed);
        return sampling;
    }
}

using Microsoft.ML.MaskedDiffusion;

namespace Reproduce.Experiments.MtBench;

/// <summary>Everything that is chosen for the conversations.</summary>
internal sealed record MtBenchSettings
{
    /// <summary>Small models of the documentation.</summary>
    public static MtBenchSettings Small { get; } = new() { AnswerTokens = 40, SamplerSteps = 32, LikelihoodSamples = 16 };

    /// <summary>The published setting, for models that are pre-trained.</summary>
    public static MtBenchSettings Published { get; } = new() { TotalTokens = 1024, SamplerSteps = 128, LikelihoodSamples = 128 };

    public int Layers { get; init; } = 2;

    public int Width { get; init; } = 96;

    public int VocabularySize { get; init; } = 2048;

    /// <summary>The tokens of a prompt and its answer; the published models have 1,024 for them.</summary>
    public int ContextLength { get; init; } = 128;

    /// <summary>Steps on documentation, from random weights, and then on conversations.</summary>
    public int PretrainingSteps { get; init; } = 800;

    public int FineTuningSteps { get; init; } = 400;

    public int PretrainingBatch { get; init; } = 10;

    public int FineTuningBatch { get; init; } = 16;

    public double PretrainingRate { get; init; } = 3e-3;

    /// <summary>The published rate of 2e-4 is for 1.1 billion parameters and batches of 256.</summary>
    public double FineTuningRate { get; init; } = 1e-3;

    /// <summary>Documents to train on, and dialogues that no training sees.</summary>
    public int Documents { get; init; } = 20_000;

    public int HeldOut { get; init; } = 200;

    /// <summary>Masks for the bound on an answer's likelihood.</summary>
    public required int LikelihoodSamples { get; init; }

    /// <summary>Scales of guidance that are compared: none, and those among which the published one was chosen.</summary>
    public double[] Guidances { get; init; } = [0, 0.4, 0.6, 0.8, 1];

    /// <summary>The published guidance, with which answers are written.</summary>
    public double Guidance { get; init; } = 0.6;

    /// <summary>Tokens of an answer, where <see cref="TotalTokens"/> does not limit prompt and answer together.</summary>
    public int? AnswerTokens { get; init; }

    public int? TotalTokens { get; init; }

    public required int SamplerSteps { get; init; }

    /// <summary>Stand-ins for the files: dialogues to train on, and questions to answer.</summary>
    public int StandInDialogues { get; init; } = 4000;

    public int StandInQuestions { get; init; } = 80;

    /// <summary>The published sampler: a random order, at temperature 1. The temperature alone counts for the other kind.</summary>
    public SamplingOptions Sampling(bool isGuided, int seed)
    {
        SamplingOptions sampling = SamplingPresets.Smdm;
        (sampling.Steps, sampling.GuidanceScale, sampling.Seed) = (SamplerSteps, isGuided ? Guidance : 0, seed);
        return sampling;
    }
}

using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion;
using Reproduce.Experiments.Common;

namespace Reproduce.Experiments.SpeedQuality;

/// <summary>Everything that is chosen for speed and quality.</summary>
internal sealed record SpeedQualitySettings
{
    /// <summary>Small models of the documentation.</summary>
    public static SpeedQualitySettings Small { get; } = new()
    {
        NewTokens = 60, Steps = [4, 8, 16, 32, 60], Texts = 100, HeldOutDocuments = 200,
    };

    /// <summary>The published lengths and steps.</summary>
    public static SpeedQualitySettings Published { get; } = new()
    {
        NewTokens = 1024, Steps = [64, 128, 256], Texts = 80, HeldOutDocuments = 1000,
    };

    public int VocabularySize { get; init; } = 1024;

    public int ContextLength { get; init; } = 64;

    public SmallTraining Training { get; init; } = new() { BatchSize = 16 };

    /// <summary>Layers and width of the models that write.</summary>
    public (int Layers, int Width) Writer { get; init; } = (3, 96);

    /// <summary>Layers and width of the model that judges.</summary>
    public (int Layers, int Width) Judge { get; init; } = (4, 128);

    /// <summary>The autoregressive model's steps, of which masked diffusion is given multiples.</summary>
    public int TrainingSteps { get; init; } = 400;

    public int JudgeSteps { get; init; } = 3000;

    /// <summary>Tokens of a written text.</summary>
    public required int NewTokens { get; init; }

    /// <summary>Numbers of steps in which a text is written, rising.</summary>
    public required int[] Steps { get; init; }

    /// <summary>Texts of each setting.</summary>
    public required int Texts { get; init; }

    /// <summary>Texts of each setting whose time is taken, one by one.</summary>
    public int TimedTexts { get; init; } = 5;

    /// <summary>Documents for the perplexities.</summary>
    public required int HeldOutDocuments { get; init; }

    /// <summary>The orders in which texts are written.</summary>
    [JsonIgnore]
    public SamplingOrder[] Orders { get; } =
        [SamplingOrder.Random, SamplingOrder.Confidence, SamplingOrder.TopProbability, SamplingOrder.Entropy];

    /// <summary>The orders of which the exact perplexity is known: no draw decides where they write.</summary>
    [JsonIgnore]
    public SamplingOrder[] DeterministicOrders { get; } =
        [SamplingOrder.TopProbability, SamplingOrder.Margin, SamplingOrder.Entropy, SamplingOrder.LeftToRight];
}

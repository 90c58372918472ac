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
    public NetworkSize Writer { get; init; } = new(3, 96);

    /// <summary>Layers and width of the model that judges.</summary>
    public NetworkSize Judge { get; init; } = new(4, 128);

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
    public string[] Orders { get; } = Names(
        SamplingOrder.Random, SamplingOrder.Confidence, SamplingOrder.TopProbability, SamplingOrder.Entropy);

    /// <summary>The orders of which the exact perplexity is known: no draw decides where they write.</summary>
    public string[] DeterministicOrders { get; } = Names(
        SamplingOrder.TopProbability, SamplingOrder.Margin, SamplingOrder.Entropy, SamplingOrder.LeftToRight);

    private static string[] Names(params SamplingOrder[] orders) => [.. orders.Select(order => order.Name)];
}

using Microsoft.ML.MaskedDiffusion;
using Reproduce.Experiments.Common;
using Reproduce.Runs;

namespace Reproduce.Experiments.Steps;

/// <summary>Everything that is chosen for the steps that a text needs.</summary>
internal sealed record StepsSettings
{
    /// <summary>A small network and short texts.</summary>
    public static StepsSettings Small { get; } = new()
    {
        Network = new TransformerConfig
        {
            Name = "letters", LayerCount = 3, HeadCount = 3, EmbeddingSize = 96, FeedForwardSize = 384,
        },
        Training = new SmallTraining { BatchSize = 16 },
        TrainingSteps = 4000,
        TrainingTexts = 40_000,
        Samples = 300,
        Lengths = [16, 32, 64, 128],
    };

    /// <summary>
    /// A network of 19 million parameters and texts of up to 512 letters from a million of them. The language stays this program's.
    /// </summary>
    public static StepsSettings Published { get; } = new()
    {
        Network = TransformerConfig.FromPreset("19M"),
        Training = new SmallTraining { BatchSize = 256, LearningRate = 5e-4 },
        MicroBatchSize = 32,
        TrainingSteps = 100_000,
        TrainingTexts = 1_000_000,
        Samples = 2000,
        Lengths = [64, 128, 256, 512],
    };

    /// <summary>The network; its context is as long as the longest texts and their two ends.</summary>
    public required TransformerConfig Network { get; init; }

    public required SmallTraining Training { get; init; }

    /// <summary>Texts that are worked on at once; more take more memory and change hardly anything. Null: the trainer's choice.</summary>
    public int? MicroBatchSize { get; init; }

    public required int TrainingSteps { get; init; }

    /// <summary>The texts that are learned, of all lengths in turn.</summary>
    public required int TrainingTexts { get; init; }

    /// <summary>Texts that are written in each setting.</summary>
    public required int Samples { get; init; }

    /// <summary>The lengths of texts, rising.</summary>
    public required int[] Lengths { get; init; }

    /// <summary>A perplexity counts as near its best within so many times that of the language itself.</summary>
    public double NearPerplexity { get; init; } = 1.5;

    /// <summary>A share of errors counts as near its best within so much of the one at one step per token.</summary>
    public double NearErrorRate { get; init; } = 0.05;

    /// <summary>
    /// A model that is wrong in more of the texts even at one step per token says nothing about what fewer steps cost.
    /// </summary>
    public double MostErrors { get; init; } = 0.5;

    /// <summary>The options of the training.</summary>
    public TrainerOptions Options(RunOptions run)
    {
        TrainerOptions options = Training.Options(
            ModelKind.MaskedDiffusion, Network with { ContextLength = Lengths[^1] + 2 }, TokenizerSource.Bytes(),
            run.Scaled(TrainingSteps));
        options.Rows = new RowOptions { PackDocuments = false, Padding = RowPadding.None };
        options.Compute.MicroBatchSize = MicroBatchSize;
        return options;
    }
}

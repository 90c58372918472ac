using Microsoft.ML.MaskedDiffusion;
using Reproduce.Experiments.Common;
using Reproduce.Runs;

namespace Reproduce.Experiments.ReverseCurse;

/// <summary>Everything that is chosen for the facts.</summary>
internal sealed record ReverseCurseSettings
{
    /// <summary>Small models from random weights, which learn the sentences as one text.</summary>
    public static ReverseCurseSettings Small { get; } = new()
    {
        Epochs = [10, 30, 60],
        // Names are two tokens each with this vocabulary.
        VocabularySize = 4096,
        Network = new TransformerConfig
        {
            Name = "facts", LayerCount = 3, HeadCount = 4, EmbeddingSize = 128, FeedForwardSize = 512, VocabularySize = 4096,
            ContextLength = 64,
        },
    };

    /// <summary>SMDM's setting.</summary>
    public static ReverseCurseSettings Published { get; } = new()
    {
        Epochs = [10], SamplingSteps = 32, TotalTokens = 52,
    };

    /// <summary>Epochs after which both models are asked; each part ends with a learning rate near 0, a finished model.</summary>
    public required int[] Epochs { get; init; }

    public int? VocabularySize { get; init; }

    /// <summary>The network of both kinds; null where they are pre-trained.</summary>
    public TransformerConfig? Network { get; init; }

    /// <summary>How the small models are trained.</summary>
    public SmallTraining Training { get; init; } = new() { BatchSize = 14 };

    /// <summary>Tokens of an answer, where <see cref="TotalTokens"/> does not limit prompt and answer together.</summary>
    public int AnswerTokens { get; init; } = 24;

    public int? TotalTokens { get; init; }

    /// <summary>Null: one token in each step.</summary>
    public int? SamplingSteps { get; init; }

    /// <summary>The published strength of guidance.</summary>
    public double Guidance { get; init; } = 0.8;

    /// <summary>Descriptions after which the likeliest of all names is chosen.</summary>
    public int NamesAskedFor { get; init; } = 100;

    /// <summary>The tokens that may follow a prompt.</summary>
    public int NewTokens(int promptTokens) => TotalTokens is { } total ? total - promptTokens : AnswerTokens;

    /// <summary>The options of a part of the training.</summary>
    /// <param name="kind">Which kind of model is trained.</param>
    /// <param name="epochs">The part's epochs.</param>
    /// <param name="model">The model to go on from; null to begin with random weights.</param>
    /// <param name="run">The run's options, which scale the epochs.</param>
    public TrainerOptions Options(ModelKind kind, int epochs, MaskedDiffusionModel? model, RunOptions run)
    {
        TrainerOptions options = Network is null ? FineTuningRecipes.Reversal(model!) : OfSmallModel(kind, model);
        options.TextColumnName = nameof(TextRow.Text);
        // The recipe is that of masked diffusion; an autoregressive model learns up to the end of a sequence.
        if (kind == ModelKind.Autoregressive)
            options.Rows.Padding = RowPadding.None;
        options.Budget = new BudgetOptions { MaxEpochs = epochs * run.Scale };
        return options;
    }

    private TrainerOptions OfSmallModel(ModelKind kind, MaskedDiffusionModel? model)
    {
        if (model is null)
            return Training.Options(kind, Network!, TokenizerSource.TrainBytePairEncoding(VocabularySize!.Value), steps: null);
        TrainerOptions options = Training.Options(kind, steps: null);
        options.InitialModel = model;
        return options;
    }
}

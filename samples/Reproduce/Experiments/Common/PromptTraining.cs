using Microsoft.ML.MaskedDiffusion;
using Reproduce.Runs;

namespace Reproduce.Experiments.Common;

/// <summary>
/// How small networks are trained on rows of prompt and answer, each row by itself: the loss is on the answer, the prompt is always seen.
/// Both kinds of model take the same options, except for the noise, which only masked diffusion has.
/// </summary>
/// <param name="Layers">The number of transformer blocks.</param>
/// <param name="Width">The size of the embeddings; the feed-forward layer has four times as many.</param>
/// <param name="Steps">The optimizer's steps at scale 1.</param>
/// <param name="BatchSize">The rows of a step.</param>
internal sealed record PromptTraining(int Layers, int Width, int Steps, int BatchSize)
{
    /// <summary>The highest learning rate; it falls by a cosine to a hundredth of that.</summary>
    public double LearningRate { get; init; } = 3e-3;

    /// <summary>The embeddings of a head.</summary>
    public int HeadSize { get; init; } = 32;

    /// <summary>Rows that are worked on at once; more take more memory and change hardly anything. Null: the trainer's choice.</summary>
    public int? MicroBatchSize { get; init; }

    /// <summary>The network's parameters outside embeddings.</summary>
    public long Parameters => Network(contextLength: 1).NonEmbeddingParameterCount;

    /// <summary>The options of a training that begins with random weights.</summary>
    /// <param name="kind">Which kind of model is trained.</param>
    /// <param name="tokenizer">The tokenizer, the same one for all models that are compared.</param>
    /// <param name="contextLength">The tokens of the longest row.</param>
    /// <param name="run">The run's options, which scale the steps.</param>
    public TrainerOptions Options(ModelKind kind, TokenizerSource tokenizer, int contextLength, RunOptions run)
    {
        TrainerOptions options = new SmallTraining { BatchSize = BatchSize, LearningRate = LearningRate }
            .Options(kind, Network(contextLength), tokenizer, run.Scaled(Steps));
        options.Compute.MicroBatchSize = MicroBatchSize;
        options.TextColumnName = nameof(FineTuningRow.Answer);
        options.Rows = new RowOptions
        {
            PromptColumnName = nameof(FineTuningRow.Prompt),
            ReasoningColumnName = nameof(FineTuningRow.Reasoning),
            Padding = RowPadding.None,
            Overflow = RowOverflow.Throw,
        };
        return options;
    }

    private TransformerConfig Network(int contextLength) =>
        new NetworkSize(Layers, Width) { HeadSize = HeadSize }.Network(contextLength);
}

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What a finished training did. Immutable and thread-safe.</summary>
public sealed record TrainingResult
{
    /// <summary>Optimizer steps taken.</summary>
    public long Steps { get; init; }

    /// <summary>Why the training ended.</summary>
    public TrainingStop Stop { get; init; }

    /// <summary>
    /// The step whose weights the model has: the step with the lowest validation loss, or the last step if there was no validation.
    /// </summary>
    public long BestStep { get; init; }

    /// <summary>
    /// Whether the training ended in its warm start (<see cref="TrainerOptions.WarmStart"/>), in which the network is trained as an
    /// autoregressive one: such a model cannot do yet what it is for.
    /// </summary>
    public bool EndedInWarmStart { get; init; }

    /// <summary>
    /// Training loss at the end, in nats per token: the mean over the steps since the last point of <see cref="LossHistory"/> where the
    /// training ended between two reports, and else that point's own.
    /// </summary>
    public double FinalLoss { get; init; }

    /// <summary>Validation loss of the model returned, in nats per token; null without a validation.</summary>
    public double? ValidationLoss { get; init; }

    /// <summary>Standard error of <see cref="ValidationLoss"/>, in nats per token.</summary>
    public double? ValidationStandardError { get; init; }

    /// <summary>Tokens trained on, repetitions counted; prompts and learned padding too.</summary>
    public long TokensSeen { get; init; }

    /// <summary>Passes over the training blocks or rows.</summary>
    public double Epochs { get; init; }

    /// <summary>Seconds of training, validations included; reading and tokenizing the corpus not.</summary>
    public double Seconds { get; init; }

    /// <summary>Documents (rows with text) trained on; 0 where packed tokens were given, which do not tell.</summary>
    public long Documents { get; init; }

    /// <summary>Rows left out because they held no text.</summary>
    public long EmptyRows { get; init; }

    /// <summary>Rows left out because they had more tokens than a row may have.</summary>
    public long LongRows { get; init; }

    /// <summary>
    /// Tokens of the corpus, including one end-of-sequence token for each document. For packed tokens, only ids inside a block are counted.
    /// </summary>
    public long CorpusTokens { get; init; }

    /// <summary>Tokens repeated from the corpus's start to fill up its last block.</summary>
    public long RepeatedTokens { get; init; }

    /// <summary>The seed of every random draw of the run: training again with it gives the same weights on the same machine.</summary>
    public int Seed { get; init; }

    /// <summary>The device trained on, such as "cpu" or "cuda:0".</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>The training loss over time, one point per progress interval.</summary>
    public IReadOnlyList<TrainingPoint> LossHistory { get; init; } = [];

    /// <summary>All validations, in order.</summary>
    public IReadOnlyList<ValidationPoint> ValidationHistory { get; init; } = [];

    /// <summary>What a training of adapters has learned, for the model.</summary>
    internal LoraAdapter? Adapter { get; init; }
}

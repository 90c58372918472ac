using Microsoft.ML.SearchSpace;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// The settings of a <see cref="MaskedDiffusionTrainer"/> or an <see cref="AutoregressiveTrainer"/>: the common ones here, the others in
/// groups, as in <c>new TrainerOptions { MaxSteps = 2000, Optimizer = { WarmupSteps = 50 }, Checkpoints = { Folder = "run" } }</c>. A
/// trainer copies and checks them when it is made; later changes have no effect on it. Optimizer and schedule are those of "Scaling up
/// Masked Diffusion Models on Text" (Nie et al., 2024) unless said otherwise.
/// </summary>
/// <remarks>Not thread-safe while it is being changed.</remarks>
public sealed class TrainerOptions
{
    internal static TransformerConfig DefaultNetwork { get; } =
        TransformerConfig.FromPreset("6M") with { VocabularySize = 4096, ContextLength = 256 };

    internal static TokenizerSource DefaultTokenizer { get; } = TokenizerSource.TrainBytePairEncoding(4096);

    /// <summary>
    /// The text column to learn from: one document a row, or one answer where there is a <see cref="RowOptions.PromptColumnName"/>. Rows
    /// without any text in it are left out and counted in the log. Default "Text".
    /// </summary>
    public string TextColumnName { get; set; } = "Text";

    /// <summary>
    /// The network, a <see cref="TransformerConfig"/> or the name of a preset such as "19M". Its
    /// <see cref="TransformerConfig.VocabularySize"/> is replaced by that of the tokenizer, once known;
    /// <see cref="TransformerConfig.Autoregressive"/> is set by the trainer, and the context is at least 2 tokens. Default: the 6M preset
    /// with a context of 256 tokens.
    /// </summary>
    public TransformerConfig Network { get; set; } = DefaultNetwork;

    /// <summary>
    /// Where the tokenizer comes from. Default: a byte-level BPE tokenizer of 4,096 tokens is trained on the text column, which then is
    /// read twice (once for the tokenizer, once for its tokens); with a given tokenizer it is read once.
    /// </summary>
    public TokenizerSource Tokenizer { get; set; } = DefaultTokenizer;

    /// <summary>
    /// The model to continue from. Its network and tokenizer are then used, and <see cref="Network"/> and <see cref="Tokenizer"/> must be
    /// left at their defaults or be the same. Its weights are copied; the model itself is not changed and stays the caller's. A
    /// <see cref="MaskedDiffusionTrainer"/> makes a masked diffusion model of an autoregressive one (<see cref="Adaptation"/>). Default
    /// null: a fresh network.
    /// </summary>
    public MaskedDiffusionModel? InitialModel { get; set; }

    /// <summary>
    /// Optimizer steps to take, 1 to 1e12. Of several budgets (this one and those of <see cref="Budget"/>) the one used up first ends the
    /// training. Default null: 1,000 steps if no other budget is set.
    /// </summary>
    public long? MaxSteps { get; set; }

    /// <summary>Sequences of one optimizer step, 1 to 1,048,576. Default 16.</summary>
    [Range(4, 64, 16, true)]
    public int BatchSize { get; set; } = 16;

    /// <summary>
    /// The highest learning rate, reached after the warm-up; above 0, at most 1. Default 1e-3, which suits small models; SMDM used 2e-4 for
    /// 19M to 1.1B.
    /// </summary>
    [Range(1e-4, 3e-3, 1e-3, true)]
    public double LearningRate { get; set; } = 1e-3;

    /// <summary>
    /// The share of the run, from its beginning, that is trained as an autoregressive model: positions see only what is before them, and
    /// predict the next token. 0 up to but not 1. A small network then learns the language's frequent words and phrases several times as
    /// fast as from masked tokens, and keeps what it has learned when it goes on as a masked diffusion model (docs/learning.md; the way of
    /// DiffuLLaMA, arXiv 2410.17891). The model is of the same kind with it as without. Validations begin with the masked diffusion model.
    /// An <see cref="AutoregressiveTrainer"/> needs 0, and so does a run without an end (<see cref="BudgetOptions.UntilCancelled"/>).
    /// Default 0, as published.
    /// </summary>
    [Range(0.0, 0.5, 0.0, false)]
    public double WarmStart { get; set; }

    /// <summary>
    /// The share of the run, behind the <see cref="WarmStart"/> or, where an autoregressive <see cref="InitialModel"/> is adapted, from the
    /// beginning, in which attention goes from causal to full: a position sees each one behind it with a probability that grows from 0 to
    /// 1, drawn anew for each micro batch (attention mask annealing; DiffuLLaMA, arXiv 2410.17891). 0 to 1 less the
    /// <see cref="WarmStart"/>. Other trainings need 0, and so does a run without an end. Default 0: attention is full at once
    /// (docs/fine-tuning.md has what it is worth).
    /// </summary>
    public double AttentionAnnealing { get; set; }

    /// <summary>
    /// Data to measure the loss on while training, with the same columns: the bound per token, for answers per answer token. The model
    /// returned is then the best measured. Default null: no validation, and the last model is returned.
    /// </summary>
    public IDataView? ValidationSet { get; set; }

    /// <summary>
    /// The seed of initial weights, order and noise. The same seed gives the same model, bit for bit, on the same machine and number of
    /// threads. Default null: drawn from the <see cref="MLContext"/> when the trainer is made.
    /// </summary>
    public int? Seed { get; set; }

    /// <summary>
    /// The device: "auto", "cpu", "cuda" or "cuda:1". Default "auto": the first GPU that libtorch finds, else the processor. Where
    /// <see cref="MLContext.GpuDeviceId"/> is set, "auto" is that GPU; if there is no such GPU, it is the processor or, with
    /// <see cref="MLContext.FallbackToCpu"/> false (ML.NET's default), an error. Chosen once, when fitting begins, and logged.
    /// </summary>
    public string Device { get; set; } = "auto";

    /// <summary>
    /// The processes that train together, each with the same options on the same data: every rank computes its share of a step's sequences,
    /// and all get the same model. Ranks can go on with each other's checkpoints, in any number. Files are the first rank's business; the
    /// tokens of text are written to a folder once and read by all ranks where <see cref="CheckpointOptions.Folder"/> or
    /// <see cref="CheckpointOptions.TokenFolder"/> is set, to a drive that they share. <see cref="BatchSize"/> is that of all ranks and a
    /// multiple of their number. Default <see cref="SingleProcess"/>. See docs/clusters.md.
    /// </summary>
    public IProcessGroup ProcessGroup { get; set; } = SingleProcess.Instance;

    /// <summary>
    /// Receives progress on the training thread, so a slow handler slows the training; a <see cref="ConsoleProgress"/> prints it. Ranks
    /// of a <see cref="ProcessGroup"/> tell of the same steps, so that one of them is enough. Default null.
    /// </summary>
    public IProgress<TrainingProgress>? Progress { get; set; }

    /// <summary>Steps between progress reports, each with the mean loss since the one before; at least 1. Default 10.</summary>
    public long ProgressInterval { get; set; } = 10;

    /// <summary>Stops the training, on all ranks if on one, within a step. Default: none.</summary>
    public CancellationToken CancellationToken { get; set; }

    /// <summary>
    /// What a cancelled training does. Before the first step there is no model, and it throws. Default <see cref="CancelBehavior.Throw"/>.
    /// </summary>
    public CancelBehavior CancelBehavior { get; set; } = CancelBehavior.Throw;

    /// <summary>The optimizer and its schedule.</summary>
    public OptimizerOptions Optimizer { get; set; } = new();

    /// <summary>Budgets beside <see cref="MaxSteps"/>.</summary>
    public BudgetOptions Budget { get; set; } = new();

    /// <summary>How often and how closely the validation loss is measured, and when training stops for it.</summary>
    public ValidationOptions Validation { get; set; } = new();

    /// <summary>What is kept on disk, so that a run can resume after a crash.</summary>
    public CheckpointOptions Checkpoints { get; set; } = new();

    /// <summary>What one training sequence is: packed text, or rows of prompt and answer for fine-tuning.</summary>
    public RowOptions Rows { get; set; } = new();

    /// <summary>
    /// The noise of masked diffusion training and the weights of the loss. An <see cref="AutoregressiveTrainer"/> needs the defaults.
    /// </summary>
    public NoiseOptions Noise { get; set; } = new();

    /// <summary>
    /// How an autoregressive <see cref="InitialModel"/> becomes a masked diffusion model. Anything else needs the defaults.
    /// </summary>
    public AdaptationOptions Adaptation { get; set; } = new();

    /// <summary>
    /// Low-rank adapters, which are trained in place of all weights; needs an <see cref="InitialModel"/> of the trainer's own kind. The
    /// model then has them merged in, and by themselves as <see cref="MaskedDiffusionModel.Adapter"/>. Default null: all weights are
    /// trained.
    /// </summary>
    public LoraOptions? Lora { get; set; }

    /// <summary>How steps are computed: memory and arithmetic.</summary>
    public ComputeOptions Compute { get; set; } = new();

    /// <summary>The columns that the trained transformer adds.</summary>
    public OutputOptions Outputs { get; set; } = new();

    /// <summary>The share of the steps after which a search stops a training that may go on; null for its end.</summary>
    internal double? PauseShare { get; set; }

    /// <summary>A copy of these options and of their groups; other objects that they refer to are shared.</summary>
    internal TrainerOptions Clone()
    {
        var copy = (TrainerOptions)MemberwiseClone();
        copy.Optimizer = Optimizer?.Clone()!;
        copy.Budget = Budget?.Clone()!;
        copy.Validation = Validation?.Clone()!;
        copy.Checkpoints = Checkpoints?.Clone()!;
        copy.Rows = Rows?.Clone()!;
        copy.Noise = Noise?.Clone()!;
        copy.Adaptation = Adaptation?.Clone()!;
        copy.Lora = Lora?.Clone();
        copy.Compute = Compute?.Clone()!;
        copy.Outputs = Outputs?.Clone()!;
        return copy;
    }
}

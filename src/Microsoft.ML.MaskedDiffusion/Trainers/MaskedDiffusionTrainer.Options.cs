using Microsoft.ML.SearchSpace;

namespace Microsoft.ML.MaskedDiffusion;

public sealed partial class MaskedDiffusionTrainer
{
    /// <summary>
    /// The settings of a <see cref="MaskedDiffusionTrainer"/>. They are copied and checked by its constructor; later changes have no effect on it.
    /// Optimizer and schedule are those of "Scaling up Masked Diffusion Models on Text" (Nie et al., 2024) unless said otherwise.
    /// </summary>
    public sealed class Options
    {
        internal static TransformerConfig DefaultNetwork { get; } = TransformerConfig.FromPreset("6M") with { VocabularySize = 4096, ContextLength = 256 };

        internal static TokenizerSource DefaultTokenizer { get; } = TokenizerSource.TrainBytePairEncoding(4096);

        /// <summary>
        /// The text column to learn from: one document a row, or one answer where there is a <see cref="PromptColumnName"/>. Default "Text". Rows without any text in
        /// it are left out and counted in the log.
        /// </summary>
        public string TextColumnName { get; set; } = "Text";

        /// <summary>
        /// The text column of prompts, for fine-tuning: a prompt is seen and never noised, and the loss is on the answer in <see cref="TextColumnName"/> and the end of
        /// the sequence behind it. Each part is tokenized by itself, as SMDM does. A row may have an empty prompt. The
        /// transformer then scores texts after their prompts. Default null: all text is learned.
        /// </summary>
        public string? PromptColumnName { get; set; }

        /// <summary>The text column of a second part of the prompt, tokenized by itself, as SMDM does with GSM8K's reasoning; needs a <see cref="PromptColumnName"/>. Default null.</summary>
        public string? ReasoningColumnName { get; set; }

        /// <summary>
        /// The model to go on from: its network and tokenizer are then used, and <see cref="Network"/> and <see cref="Tokenizer"/> must be left at their defaults or be the
        /// same. Its weights are copied; the model itself is not changed and stays the caller's. Default null: a fresh network.
        /// </summary>
        public MaskedDiffusionModel? InitialModel { get; set; }

        /// <summary>
        /// Whether documents are joined and cut into blocks of the context length, as in pre-training (true), or each row is a sequence of its own (false; what is said of
        /// rows below then holds). Default null: joined, unless there is a <see cref="PromptColumnName"/>, with which they cannot be.
        /// </summary>
        public bool? PackDocuments { get; set; }

        /// <summary>What follows a row's end, where each row is a sequence of its own. Default <see cref="RowPadding.None"/>. Validation never pads.</summary>
        public RowPadding Padding { get; set; } = RowPadding.None;

        /// <summary>The longest row, prompt and end of sequence counted, in tokens: 2 to the context length. Default null: the context length.</summary>
        public int? MaxRowLength { get; set; }

        /// <summary>What happens to longer rows. Default <see cref="RowOverflow.Skip"/>.</summary>
        public RowOverflow LongRows { get; set; } = RowOverflow.Skip;

        /// <summary>
        /// The probability that a micro batch is trained with all its prompts masked, 0 to 1, decided for the micro batch as a whole as published: what a model then
        /// predicts without a prompt makes classifier-free guidance the standard one. SMDM: 0.1. Needs a <see cref="PromptColumnName"/>. Default 0.
        /// </summary>
        public double GuidanceDropout { get; set; }

        /// <summary>
        /// The network. Default: the 6M preset with a context of 256 tokens. Its <see cref="TransformerConfig.VocabularySize"/> is replaced by that of the
        /// tokenizer, once known; <see cref="TransformerConfig.Autoregressive"/> must be false and the context at least 2 tokens.
        /// </summary>
        public TransformerConfig Network { get; set; } = DefaultNetwork;

        /// <summary>
        /// Where the tokenizer comes from. Default: a byte-level BPE tokenizer of 4,096 tokens is trained on the text column, which then is read twice
        /// (once for the tokenizer, once for its tokens); with a given tokenizer it is read once.
        /// </summary>
        public TokenizerSource Tokenizer { get; set; } = DefaultTokenizer;

        /// <summary>
        /// Optimizer steps to take, at least 1. Default null. Of several budgets (<see cref="MaxSteps"/>, <see cref="MaxEpochs"/>, <see cref="MaxTokens"/>,
        /// <see cref="MaxFlops"/>, <see cref="MaxSeconds"/>) the one used up first ends the training; with none of them it is 1,000 steps.
        /// </summary>
        public long? MaxSteps { get; set; }

        /// <summary>Passes over the training text or rows, above 0; the last step is filled up from the next pass. Default null.</summary>
        public double? MaxEpochs { get; set; }

        /// <summary>Tokens to train on, repetitions counted, at least 1; where each row is a sequence of its own, rows count their mean length, prompt and learned padding included. Default null.</summary>
        public long? MaxTokens { get; set; }

        /// <summary>Floating point operations, above 0, counted as 6 x non-embedding parameters x tokens. Default null.</summary>
        public double? MaxFlops { get; set; }

        /// <summary>
        /// Seconds of training, above 0; validations count, reading and tokenizing the text do not. Default null. The learning rate then follows the share
        /// of the time used, so the schedule still ends at its floor; such a run depends on the machine's speed and cannot be repeated bit for bit.
        /// </summary>
        public double? MaxSeconds { get; set; }

        /// <summary>Sequences of one optimizer step, at least 1. Default 16.</summary>
        [Range(4, 64, 16, true)]
        public int BatchSize { get; set; } = 16;

        /// <summary>
        /// Sequences worked on at once, a divisor of <see cref="BatchSize"/>: less needs less memory. The gradient changes by rounding only; the published
        /// schedule counts micro batches, so the learning rate of a step moves by a fraction of a step (and where <see cref="StochasticLengthRatio"/> is above 0
        /// the draws of lengths change too). Default null: the largest divisor that makes at most 4,096 tokens.
        /// </summary>
        public int? MicroBatchSize { get; set; }

        /// <summary>
        /// The share of micro batches that are cut to a length drawn uniformly from 1 to the context length, the rest of their tokens left out; 0 to 1. A model
        /// so trained knows texts shorter than its context. Default 0; SMDM's largest model used 0.01. Budgets in tokens and FLOPs count the mean length.
        /// </summary>
        public double StochasticLengthRatio { get; set; }

        /// <summary>The highest learning rate, reached after the warm-up; above 0, at most 1. Default 1e-3, which suits small models; SMDM used 2e-4 for 19M to 1.1B.</summary>
        [Range(1e-4, 3e-3, 1e-3, true)]
        public double LearningRate { get; set; } = 1e-3;

        /// <summary>The learning rate the cosine ends at, as a share of <see cref="LearningRate"/>; 0 to 1. Default 0.1.</summary>
        public double MinLearningRateRatio { get; set; } = 0.1;

        /// <summary>Steps in which the learning rate rises from 0, at least 0. Default null: 1 % of the run, but at least 100 steps, or a tenth of runs below 1,000.</summary>
        public int? WarmupSteps { get; set; }

        /// <summary>AdamW's decoupled weight decay, 0 to 1. Default 0.1.</summary>
        [Range(1e-3, 0.3, 0.1, true)]
        public double WeightDecay { get; set; } = 0.1;

        /// <summary>Whether weight decay also acts on the gains of the norms, as published. Default true.</summary>
        public bool DecayNormGains { get; set; } = true;

        /// <summary>AdamW's first decay rate, 0 up to but not 1. Default 0.9.</summary>
        public double Beta1 { get; set; } = 0.9;

        /// <summary>AdamW's second decay rate, 0 up to but not 1. Default 0.95.</summary>
        public double Beta2 { get; set; } = 0.95;

        /// <summary>The global L2 norm that gradients are clipped to, above 0; positive infinity for no clipping. Default 1.</summary>
        public double GradientClipNorm { get; set; } = 1;

        /// <summary>
        /// The decay rate d of an exponential moving average of the weights, above 0 and below 1, such as 0.999 for a run of 20,000 steps (the average looks back
        /// over some 1 / (1 - d) of them). The averages are then what is validated, kept as the best, and returned; training goes on from the weights themselves. Step t moves them by
        /// (1 - d) / (1 - d^t) of the way to the weights, so that they hold the weights of steps only, with shares d^(t - i), and none of the initial ones (Adam's
        /// correction of the bias, Kingma and Ba, 2015, section 3): a short run needs no warm-up. Takes 4 bytes a parameter more, and 4 during a validation. Default null: none, as published.
        /// </summary>
        public double? EmaDecay { get; set; }

        /// <summary>
        /// The arithmetic of training and validation. Default <see cref="Precision.Float32"/>. <see cref="Precision.BFloat16Mixed"/> is SMDM's: for the numerics of
        /// a GPU run, and about 40 % less memory for activations. It is not faster on a processor; on a GPU products run on its bfloat16 units. The trained model
        /// has 32-bit weights and computes in 32 bits.
        /// </summary>
        public Precision Precision { get; set; } = Precision.Float32;

        /// <summary>
        /// Whether to keep only what each block starts from and compute the rest once more in the backward pass: a fifth or less of the memory for activations, steps
        /// that take about a fifth longer, and, on the processor, the same model bit for bit. Default false. A resumed training may change it.
        /// </summary>
        public bool ActivationCheckpointing { get; set; }

        /// <summary>
        /// How the noise levels of a step's sequences are drawn. Default <see cref="NoiseLevels.Independent"/>, as published: for batches of 16 on a small trained model
        /// <see cref="NoiseLevels.Stratified"/> lowered the loss's standard deviation from 0.258 to 0.256 nats and left the gradient's noise where it was, as far
        /// as 400 batches tell (the benchmark "noise").
        /// </summary>
        public NoiseLevels NoiseLevels { get; set; } = NoiseLevels.Independent;

        /// <summary>The weight of each masked token in the loss. Default <see cref="LossWeighting.InverseNoiseLevel"/>: the loss is then a bound on the negative log-likelihood.</summary>
        public LossWeighting LossWeighting { get; set; } = LossWeighting.InverseNoiseLevel;

        /// <summary>Data to measure the loss on while training, with the same columns: the bound per token, of answers per answer token; the model returned is then the best measured. Default null: no validation, the last model is returned.</summary>
        public IDataView? ValidationSet { get; set; }

        /// <summary>
        /// Packed tokens to measure the loss on instead of a <see cref="ValidationSet"/>, made with the tokenizer of <see cref="Tokenizer"/>, which then is one that is
        /// given. Default null.
        /// </summary>
        public PackedCorpus? ValidationTokens { get; set; }

        /// <summary>
        /// A folder to keep the text's tokens in while training, in packed files, instead of in memory; made if missing, for one training at a time. Takes 2 bytes a token
        /// (4 from a vocabulary of 65,500), of which memory holds one file of 4 MB while they are written and a few blocks while training. What it held before is replaced,
        /// except by a run with <see cref="Resume"/>. Default null: the folder "tokens" in <see cref="CheckpointFolder"/>, or memory where there is none.
        /// </summary>
        public string? TokenFolder { get; set; }

        /// <summary>Steps between validations, at least 1; one more is made at the end. Default 200.</summary>
        public long ValidationInterval { get; set; } = 200;

        /// <summary>Noise draws for each block (or row) of validation text, at least 1; the same at every validation. Default 2.</summary>
        public int ValidationSamples { get; set; } = 2;

        /// <summary>The most blocks (or rows) of validation text used, at least 1, spread evenly over the set; the log says how many there are. Default 64.</summary>
        public int MaxValidationBlocks { get; set; } = 64;

        /// <summary>Stop after so many validations in a row without a new lowest loss, at least 1; needs a <see cref="ValidationSet"/> or <see cref="ValidationTokens"/>. Default null: never.</summary>
        public int? EarlyStoppingPatience { get; set; }

        /// <summary>
        /// The seed of initial weights, order and noise. Default null: drawn from the <see cref="MLContext"/> when the trainer is made. The same seed gives
        /// the same model, bit for bit, on the same machine and number of threads.
        /// </summary>
        public int? Seed { get; set; }

        /// <summary>
        /// The device: "auto", "cpu", "cuda" or "cuda:1". Default "auto": the first GPU that libtorch finds, else the processor. Where
        /// <see cref="MLContext.GpuDeviceId"/> is set it is that GPU, and if there is none the processor or, with <see cref="MLContext.FallbackToCpu"/> false (ML.NET's
        /// default), an error. Chosen once, when fitting begins, and logged.
        /// </summary>
        public string Device { get; set; } = "auto";

        /// <summary>Receives progress, on the training thread: a handler that is slow slows the training. Default null.</summary>
        public IProgress<TrainingProgress>? Progress { get; set; }

        /// <summary>Steps between progress reports, each the mean loss since the one before; at least 1. Default 10.</summary>
        public long ProgressInterval { get; set; } = 10;

        /// <summary>Stops the training, within a step. Default: none.</summary>
        public CancellationToken CancellationToken { get; set; }

        /// <summary>What a cancelled training does. Default <see cref="CancelBehavior.Throw"/>. Before the first step there is no model, and it throws.</summary>
        public CancelBehavior CancelBehavior { get; set; } = CancelBehavior.Throw;

        /// <summary>
        /// A folder to write the run down in, so that it can go on after a crash; made if missing, for one training at a time. Default null: none. A checkpoint
        /// takes 12 bytes a parameter, 4 more with a <see cref="ValidationSet"/> and 4 more with <see cref="EmaDecay"/>; packed text's tokens are kept beside them.
        /// One more is written at the end.
        /// </summary>
        public string? CheckpointFolder { get; set; }

        /// <summary>Steps between checkpoints, at least 1; needs a <see cref="CheckpointFolder"/>. Default null: by time only.</summary>
        public long? CheckpointInterval { get; set; }

        /// <summary>
        /// Minutes between checkpoints, above 0; needs a <see cref="CheckpointFolder"/>. With <see cref="CheckpointInterval"/> whichever comes first. Default null:
        /// none by time where there is an interval, else 10 minutes.
        /// </summary>
        public double? CheckpointMinutes { get; set; }

        /// <summary>The newest checkpoints kept, at least 1; older ones are removed. Default 3.</summary>
        public int KeepCheckpoints { get; set; } = 3;

        /// <summary>
        /// Whether to go on from the newest whole checkpoint in <see cref="CheckpointFolder"/>; where there is none, training starts at the beginning. A damaged one
        /// is passed over, with a line in the log, for the one before. A run bounded by steps, epochs, tokens or FLOPs that was killed and resumed ends with the very
        /// bits of one that was not, on the same machine and number of threads; one with <see cref="MaxSeconds"/> goes on with the time left and cannot be repeated.
        /// A checkpoint of other options or data, or of a library that trained with other arithmetic, is refused, except that a null <see cref="Seed"/> takes the checkpoint's. The
        /// tokens of packed text are taken from <see cref="TokenFolder"/>, and no text is read again: of data it is only compared what can be known without reading (see
        /// docs/data.md). Rows of their own are read and tokenized again. Default false: a folder that holds checkpoints is then refused.
        /// </summary>
        public bool Resume { get; set; }

        /// <summary>The transformer's output column of the negative log-likelihood bound in nats, Single. Default "NegativeLogLikelihood".</summary>
        public string NegativeLogLikelihoodColumnName { get; set; } = "NegativeLogLikelihood";

        /// <summary>The transformer's output column of that bound's standard error in nats, Single. Default "NegativeLogLikelihoodStandardError".</summary>
        public string StandardErrorColumnName { get; set; } = "NegativeLogLikelihoodStandardError";

        /// <summary>The transformer's output column of the number of tokens, Int32. Default "TokenCount".</summary>
        public string TokenCountColumnName { get; set; } = "TokenCount";

        /// <summary>A copy with all properties of this one; the objects they refer to are shared.</summary>
        /// <returns>The copy.</returns>
        public Options Clone() => (Options)MemberwiseClone();
    }
}

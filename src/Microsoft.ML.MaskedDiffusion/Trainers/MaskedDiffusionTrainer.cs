using System.Globalization;
using System.Text;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Corpora.Packed;
using Microsoft.ML.MaskedDiffusion.Corpora.Prompts;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Options;
using Microsoft.ML.MaskedDiffusion.ProcessGroups;
using Microsoft.ML.MaskedDiffusion.Trainers;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Checkpoints;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using Microsoft.ML.MaskedDiffusion.Training.Ranks;
using Microsoft.ML.MaskedDiffusion.Transforms.Likelihood;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Trains a masked diffusion language model on a text column, from scratch or from a model (<see cref="TrainerOptions.InitialModel"/>). The
/// documents are tokenized, each followed by the end-of-sequence token, packed into blocks of the network's context length and shuffled
/// anew every epoch; the loss is the upper bound on the negative log-likelihood of "Scaling up Masked Diffusion Models on Text" (Nie et
/// al., 2024), equation 4, with one noise level a sequence. With prompts (<see cref="RowOptions.PromptColumnName"/>) each row is a sequence
/// of its own, and only its answer is noised and learned.
/// </summary>
/// <remarks>
/// Needs a libtorch package in the application (TorchSharp-cpu or TorchSharp-cuda-...). Needs no normalization and no caching. Memory: 16
/// bytes a parameter (weights, gradients and two moments), 4 more with a validation set and 4 to 8 with
/// <see cref="OptimizerOptions.EmaDecay"/>, the activations of a micro batch (see <see cref="ComputeOptions.ActivationCheckpointing"/>),
/// and 2 bytes a token of the corpus unless the tokens are kept in a folder (<see cref="CheckpointOptions.TokenFolder"/>). A trainer holds
/// no state of a run: it may fit many times and, given enough memory, on several threads at once.
/// </remarks>
public sealed partial class MaskedDiffusionTrainer : IEstimator<LikelihoodScoringTransformer>
{
    /// <summary>Steps where no budget is set.</summary>
    internal const long DefaultSteps = 1000;

    private const int DefaultMicroBatchTokens = 4096;

    private readonly IHost _host;
    private readonly MLContext? _context;
    private readonly TrainerOptions _options;
    private readonly int _seed;
    private readonly InputColumn _text;
    private readonly InputColumn[] _prompts;
    private readonly bool _autoregressive;

    /// <summary>Makes a trainer.</summary>
    /// <param name="env">The context: an <see cref="MLContext"/>, or any other environment.</param>
    /// <param name="options">The settings, copied here.</param>
    /// <exception cref="ArgumentException">A setting is empty or out of its range; the message says which, and what to do.</exception>
    public MaskedDiffusionTrainer(IHostEnvironment env, TrainerOptions options)
        : this(env, options, autoregressive: false)
    {
    }

    /// <summary>The trainer of either kind: they differ in the network's attention and the objective.</summary>
    internal MaskedDiffusionTrainer(IHostEnvironment env, TrainerOptions options, bool autoregressive)
    {
        ArgumentNullException.ThrowIfNull(env);
        ArgumentNullException.ThrowIfNull(options);
        _context = env as MLContext;
        _options = options.Clone();
        _autoregressive = autoregressive;
        TrainerOptionsCheck.Check(_options, autoregressive);
        _host = env.Register(autoregressive ? nameof(AutoregressiveTrainer) : nameof(MaskedDiffusionTrainer));
        _seed = _options.Seed ?? _host.Rand.Next();
        _text = InputColumn.Text("text", _options.TextColumnName);
        _prompts = [.. new[] { ("prompt", _options.Rows.PromptColumnName), ("reasoning", _options.Rows.ReasoningColumnName) }.Where(
            part => part.Item2 is not null).Select(part => InputColumn.Text(part.Item1, part.Item2!))];
    }

    /// <summary>
    /// Trains a model. Long: see <see cref="TrainerOptions.Progress"/> and <see cref="TrainerOptions.CancellationToken"/>.
    /// </summary>
    /// <param name="input">
    /// The training data. Its text column is read once, or twice where a tokenizer is trained on it; not at all by a run that resumes on
    /// packed text.
    /// </param>
    /// <returns>The trained model, wrapped; the caller disposes it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A column is missing or not a text; or the network's mask token begins or ends texts, or is no token of the tokenizer.
    /// </exception>
    /// <exception cref="ArgumentException">The machine has no such device, or the tokenizer no end of sequence.</exception>
    /// <exception cref="InvalidOperationException">
    /// The column holds no text at all; all rows are too long, or one is under <see cref="RowOverflow.Throw"/>; or the checkpoints in
    /// <see cref="CheckpointOptions.Folder"/> are of another training, or there are some and <see cref="CheckpointOptions.Resume"/> is not
    /// set.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The <see cref="TrainerOptions.InitialModel"/> has been disposed.</exception>
    /// <exception cref="InvalidDataException">All checkpoints are damaged.</exception>
    /// <exception cref="IOException">The checkpoint folder cannot be written, or another training uses it.</exception>
    /// <exception cref="TrainingDivergedException">The loss is no longer a number.</exception>
    /// <exception cref="OperationCanceledException">The training was cancelled.</exception>
    public LikelihoodScoringTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        (TextColumnReader corpus, TextColumnReader? held) = Begin(input);
        using IChannel channel = _host.Start("Training");
        var progress = new LoggedProgress(channel, _options.Progress);
        using TrainingCorpus read = PacksDocuments
            ? new CorpusTokenizer(_options, channel, progress).Read(corpus, held, BlockLength)
            : Group.Together(() => ReadRows(corpus, held, progress, channel));
        using PackedCorpusBlocks? measured =
            Group.Together(() => _options.Validation.Tokens?.Open(Network.ContextLength, BlockLength, read.Tokenizer));
        return Train(read, measured ?? read.Validation, progress, channel);
    }

    /// <summary>
    /// Trains a model on packed tokens, straight from their files: memory does not grow with them. <see cref="TrainerOptions.Tokenizer"/>
    /// is the tokenizer they were made with (or that of <see cref="TrainerOptions.InitialModel"/>), given and not learned;
    /// <see cref="TrainerOptions.TextColumnName"/> only names the column that the transformer scores.
    /// </summary>
    /// <param name="corpus">The tokens, from <c>LoadPackedTokens</c>.</param>
    /// <returns>The trained model, wrapped; the caller disposes it.</returns>
    /// <exception cref="ArgumentException">
    /// The machine has no such device, or the blocks are shorter than the network's context.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// <see cref="TrainerOptions.Tokenizer"/> is to be learned from text; or the checkpoints are not this training's.
    /// </exception>
    /// <exception cref="InvalidDataException">
    /// A file is damaged, or holds an id that the tokenizer does not know; or all checkpoints are damaged.
    /// </exception>
    /// <exception cref="IOException">A file cannot be read, or a checkpoint not written.</exception>
    /// <exception cref="TrainingDivergedException">The loss is no longer a number.</exception>
    /// <exception cref="OperationCanceledException">The training was cancelled.</exception>
    public LikelihoodScoringTransformer Fit(PackedCorpus corpus)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        if (!PacksDocuments)
            throw new InvalidOperationException(
                "Packed tokens are cut into blocks and have no rows of prompts and answers: leave Rows.PromptColumnName null, and "
                + "Rows.PackDocuments null or true.");
        TextTokenizer tokenizer = _options.InitialModel?.Tokenizer ?? _options.Tokenizer.Known ?? throw new InvalidOperationException(
            "Packed tokens are ids, and ids mean nothing without the tokenizer they were made with: set Tokenizer to "
            + "TokenizerSource.FromFile with that tokenizer's files.");
        TextColumnReader? held = Begin(ValidationReader);

        using IChannel channel = _host.Start("Training");
        var progress = new LoggedProgress(channel, _options.Progress);
        using PackedCorpusBlocks blocks = Group.Together(() => corpus.Open(Network.ContextLength, BlockLength, tokenizer));
        channel.Info(MessageSensitivity.None, "The training data: {0}", blocks.Identity);
        using PackedCorpusBlocks? measured =
            Group.Together(() => _options.Validation.Tokens?.Open(Network.ContextLength, BlockLength, tokenizer));
        ITokenBlocks? validation = Group.Together(() => measured ?? (
            held is null ? null : new CorpusTokenizer(_options, channel, progress).ReadBlocks(held, tokenizer, BlockLength)));
        using var given = new TrainingCorpus(tokenizer, blocks, validation);
        return Train(given, given.Validation, progress, channel);
    }

    /// <summary>
    /// Writes the tokens of packed text to <see cref="CheckpointOptions.TokenFolder"/>, unless they are there, and trains nothing: for
    /// trainings that share them.
    /// </summary>
    internal void WriteTokens(IDataView input)
    {
        (TextColumnReader corpus, TextColumnReader? held) = Begin(input);
        using IChannel channel = _host.Start("Tokens");
        new CorpusTokenizer(_options, channel, new LoggedProgress(channel, _options.Progress)).Read(corpus, held, BlockLength).Dispose();
    }

    /// <summary>Checks the text column, and those of prompts, and says what the trained transformer's output will look like.</summary>
    /// <param name="inputSchema">The schema of the data to come.</param>
    /// <returns>The schema with the transformer's output columns added.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The text column is missing or not a text.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        foreach (InputColumn column in _prompts.Prepend(_text))
            column.Check(inputSchema, nameof(inputSchema));
        return SchemaShapes.Append(inputSchema, LikelihoodColumns.Table.Columns(Scoring()).Select(column => column.Detached));
    }

    private LikelihoodScoringOptions Scoring() => new()
    {
        TextColumnName = _options.TextColumnName,
        NegativeLogLikelihoodColumnName = _options.Outputs.NegativeLogLikelihoodColumnName,
        StandardErrorColumnName = _options.Outputs.StandardErrorColumnName,
        TokenCountColumnName = _options.Outputs.TokenCountColumnName,
        ContextColumnName = _options.Rows.PromptColumnName,
        Separator = "",
        PerCharacterColumnName = _options.Outputs.PerCharacterColumnName,
        PerByteColumnName = _options.Outputs.PerByteColumnName,
    };

    private TransformerConfig Network => InitialNetwork ?? _options.Network;

    // The network of the initial model, as a masked diffusion model's where it is to become one.
    private TransformerConfig? InitialNetwork => _options.InitialModel?.Config is not { } config ? null
        : config.Autoregressive && !_autoregressive ? _options.Adaptation.Adapt(config) : config;

    private int BlockLength => Objective(Network, null).BlockLength(Network.ContextLength);

    private IProcessGroup Group => _options.ProcessGroup;

    // What can be wrong is reported before the text is read, which may take hours: columns, the device, the checkpoint folder, and options
    // of other ranks.
    private T Begin<T>(Func<T> readers)
    {
        T made = Group.Together(() =>
        {
            T made = readers();
            DeviceChoice.RequireAvailable(_options.Device);
            if (Group.IsFirst() && _options.Checkpoints.Folder is { } folder)
                CheckpointRun.CheckFolder(folder, _options.Checkpoints.Resume);
            return made;
        });
        RankComparison.RequireSameRun(Group, CommonOptions());
        return made;
    }

    // The options that decide how ranks work together; the others are compared with the network and the data.
    private Dictionary<string, string> CommonOptions()
    {
        static string Text(IFormattable? value) => value?.ToString(null, CultureInfo.InvariantCulture) ?? "null";
        CheckpointOptions checkpoints = _options.Checkpoints;
        return new()
        {
            ["Trainer"] = _autoregressive ? nameof(AutoregressiveTrainer) : nameof(MaskedDiffusionTrainer),
            ["Rows.PackDocuments"] = PacksDocuments.ToString(),
            ["Checkpoints.Folder"] = checkpoints.Folder is null ? "null" : "set",
            ["Checkpoints.TokenFolder"] = checkpoints.TokenFolder is null ? "null" : "set",
            ["Checkpoints.Interval"] = Text(checkpoints.Interval),
            ["Checkpoints.Minutes"] = Text(checkpoints.Minutes),
            ["Checkpoints.Resume"] = checkpoints.Resume.ToString(),
            ["Seed"] = Text(_options.Seed),
            ["CancelBehavior"] = _options.CancelBehavior.ToString(),
            ["ProgressInterval"] = Text(_options.ProgressInterval),
        };
    }

    private TextColumnReader? ValidationReader() => _options.ValidationSet is { } set
        ? Reader(set, nameof(TrainerOptions.ValidationSet), "validation data") : null;

    private (TextColumnReader Corpus, TextColumnReader? Held) Begin(IDataView input) =>
        Begin(() => (Reader(input, nameof(input), "training data"), ValidationReader()));

    private ITrainingObjective Objective(TransformerConfig config, TextTokenizer? tokenizer)
    {
        if (_autoregressive)
            return new AutoregressiveObjective();
        NoiseOptions noise = _options.Noise;
        if (config.AttentionBlockSize is not null)
            return WithStart(new BlockDiffusionObjective(config, noise.Levels, noise.LossWeighting, noise.GuidanceDropout));
        if (noise.UniformShare > 0)
        {
            return WithStart(new HybridObjective(
                config with { UniformShare = noise.UniformShare }, noise.Levels, noise.LossWeighting, noise.GuidanceDropout));
        }
        GapLengthNoise? gapLengths = noise.GapLengthRatio == 0 || tokenizer is null
            ? null : new GapLengthNoise(config, noise.GapLengthRatio, noise.MaxGapLength, BordersOf(tokenizer));
        return WithStart(new DiffusionObjective(config, noise.Levels, noise.LossWeighting, noise.GuidanceDropout, gapLengths));
    }

    private ITrainingObjective WithStart(ITrainingObjective diffusion)
    {
        if (_options.AttentionAnnealing > 0)
            diffusion = new AnnealedObjective(diffusion, _options.WarmStart, _options.AttentionAnnealing);
        return _options.WarmStart == 0 ? diffusion : new WarmStartObjective(diffusion, _options.WarmStart);
    }

    // The ids that begin and end a text.
    private static HashSet<long> BordersOf(TextTokenizer tokenizer) =>
        [.. new[] { tokenizer.BeginningOfSequenceId, tokenizer.EndOfSequenceId }.OfType<int>().Select(id => (long)id)];

    // The network, with the tokens for lengths where they are to be learned and are not there yet.
    private TransformerConfig NetworkFor(TextTokenizer tokenizer)
    {
        TransformerConfig config = InitialNetwork
            ?? _options.Network with { VocabularySize = tokenizer.VocabularySize, Autoregressive = _autoregressive };
        config = config with { UniformShare = _options.Noise.UniformShare };
        return config.HasLengthTokens || _options.Noise.GapLengthRatio == 0 ? config : config with
        {
            VocabularySize = config.VocabularySize + TransformerConfig.LengthTokenCount,
            HasLengthTokens = true,
        };
    }

    // A mask token may be chosen before a tokenizer is learned, so what it is to the tokenizer is known only now.
    private void CheckMaskToken(TransformerConfig config, TextTokenizer tokenizer, IChannel channel)
    {
        bool isFresh = _options.InitialModel is null;
        bool isChosen = isFresh ? _options.Network.HasOwnMaskTokenId : _options.Adaptation.MaskTokenId is not null;
        if (_autoregressive || !isChosen)
            return;
        int id = config.MaskTokenId, size = tokenizer.VocabularySize;
        if (isFresh)
        {
            OptionCheck.Require(id <= size, "Network.MaskTokenId", id, FormattableString.Invariant(
                $"an id of the tokenizer, 0 to {size - 1}, or {size}, the network's own, which it has too where none is set"));
            OptionCheck.Require(id != tokenizer.EndOfSequenceId && id != tokenizer.BeginningOfSequenceId, "Network.MaskTokenId", id,
                "no token that begins or ends a text");
        }
        if (id >= size || tokenizer.BytesOf(id) is not { IsEmpty: false } bytes)
            return;
        channel.Warning(MessageSensitivity.UserData, "The mask token {0} is a token of texts, '{1}', and wherever a text has it the model "
            + "takes it for a gap. Choose an id that no text has, or none, which gives the network a mask token of its own.",
            id, Encoding.UTF8.GetString(bytes.Span));
    }

    private LikelihoodScoringTransformer Train(TrainingCorpus corpus, ITokenBlocks? validation, LoggedProgress progress, IChannel channel)
    {
        string device = DeviceChoice.Prefer(_options.Device, _context?.GpuDeviceId, _context?.FallbackToCpu ?? true);
        TransformerConfig config = NetworkFor(corpus.Tokenizer);
        CheckMaskToken(config, corpus.Tokenizer, channel);
        ITrainingObjective objective = Objective(config, corpus.Tokenizer);
        TrainingSettings settings = Settings(config, objective, corpus.Blocks) with
        {
            Checkpoints = Checkpoints(),
            Traits = Traits(corpus.Tokenizer),
        };
        channel.Info(MessageSensitivity.None, "Training {0:#,0} parameters ({1:#,0} outside embeddings) from seed {2} on {3}",
            config.ParameterCount, config.NonEmbeddingParameterCount, _seed, device);
        (TransformerNetwork network, TrainingResult result) =
            NetworkTrainer.Train(config, device, objective, corpus.Blocks, validation, settings, progress, _options.CancellationToken,
            _options.InitialModel?.Network);
        result = result with { Documents = corpus.Documents, EmptyRows = corpus.EmptyRows, LongRows = corpus.LongRows };
        channel.Info(MessageSensitivity.None, "{0} after {1} steps, {2:#,0} tokens and {3:0.0} s on {4}; the model is that of step {5}",
            result.Stop, result.Steps, result.TokensSeen,
            result.Seconds, result.Device, result.BestStep);
        if (result.EndedInWarmStart && result.Stop != TrainingStop.Paused)
        {
            channel.Warning(MessageSensitivity.None, "Step {0}, whose weights the model has, is in the warm start, in which a masked "
                + "diffusion model is trained as an autoregressive one: the model cannot do yet what it is for. Train longer, or set "
                + "WarmStart to 0.", result.BestStep);
        }
        MaskedDiffusionModel model =
            MaskedDiffusionModel.Own(network, corpus.Tokenizer, _options.InitialModel?.Family, result.Adapter);
        return new LikelihoodScoringTransformer(model, Scoring(), ownsModel: true) { TrainingResult = result };
    }

    private TrainingSettings Settings(TransformerConfig config, ITrainingObjective objective, ITokenBlocks blocks)
    {
        int virtualRanks = _options.Compute.VirtualRanks ?? Group.Size;
        int microBatchSize = _options.Compute.MicroBatchSize
            ?? DefaultMicroBatchSize(_options.BatchSize / virtualRanks, PacksDocuments ? config.ContextLength : blocks.Length);
        double meanLength = blocks is RowBlocks rows
            ? rows.MeanLength(microBatchSize) - objective.SourceOnlyIds
            : ComputeBudget.MeanLength(config.ContextLength, _options.Noise.StochasticLengthRatio);
        bool endless = _options.Budget.UntilCancelled;
        var budget = new ComputeBudget
        {
            Steps = _options.MaxSteps,
            Epochs = _options.Budget.MaxEpochs,
            Tokens = _options.Budget.MaxTokens,
            Flops = _options.Budget.MaxFlops,
        };
        long? steps = budget.ToSteps(config.NonEmbeddingParameterCount, _options.BatchSize, meanLength, blocks.Count);
        return new TrainingSettings
        {
            MaxSteps = steps ?? (_options.Budget.MaxSeconds is null && !endless ? DefaultSteps : null),
            MaxSeconds = _options.Budget.MaxSeconds,
            BatchSize = _options.BatchSize,
            MicroBatchSize = microBatchSize,
            LossDivisor = PacksDocuments ? LossDivisor.MicroBatch : _options.Rows.LossDivisor,
            StochasticLengthRatio = _options.Noise.StochasticLengthRatio,
            LearningRate = _options.LearningRate,
            MinLearningRateRatio = _options.Optimizer.MinLearningRateRatio,
            WarmupSteps = _options.Optimizer.WarmupSteps,
            Beta1 = _options.Optimizer.Beta1,
            Beta2 = _options.Optimizer.Beta2,
            WeightDecay = _options.Optimizer.WeightDecay,
            DecayNormGains = _options.Optimizer.DecayNormGains,
            GradientClipNorm = _options.Optimizer.GradientClipNorm,
            EmaDecay = _options.Optimizer.EmaDecay,
            ValidationInterval = _options.Validation.Interval,
            // An autoregressive loss has no noise, so all draws would be equal.
            ValidationSamples = _autoregressive ? 1 : _options.Validation.Samples,
            MaxValidationBlocks = _options.Validation.MaxBlocks,
            EarlyStoppingPatience = _options.Validation.EarlyStoppingPatience,
            ProgressInterval = _options.ProgressInterval,
            PauseShare = _options.PauseShare,
            CancelBehavior = endless ? CancelBehavior.ReturnBestSoFar : _options.CancelBehavior,
            Precision = _options.Compute.Precision,
            ActivationCheckpointing = _options.Compute.ActivationCheckpointing,
            Lora = Lora,
            Seed = _seed,
            Group = Group,
            VirtualRanks = virtualRanks,
        };
    }

    /// <summary>The largest divisor of the batch that makes at most 4,096 tokens.</summary>
    internal static int DefaultMicroBatchSize(int batchSize, int length)
    {
        int size = Math.Clamp(DefaultMicroBatchTokens / length, 1, batchSize);
        while (batchSize % size != 0)
            size--;
        return size;
    }
}

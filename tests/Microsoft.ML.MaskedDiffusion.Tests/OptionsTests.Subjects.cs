namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <content>The options classes, each with what uses it and the values that each of its properties must refuse.</content>
public sealed partial class OptionsTests
{
    private static readonly MaskedDiffusionModel Model = TinyModel.Create();
    private static readonly MaskedDiffusionModel Causal = TinyAutoregressiveModel.Create();
    private static readonly TemporaryFolder Folder = new();
    private static readonly PackedSource[] Sources = WritePacked();
    private static readonly PackedCorpus Tokens = new(new PackedCorpusOptions { Sources = Sources });

    private static readonly ITransformer Scoring =
        new LikelihoodScoringEstimator(Model, new()).Fit(new MLContext(1).Data.LoadFromEnumerable(TextRow.Make()));

    private static readonly object?[] BadNames = [null, "", " \t"];
    private static readonly object?[] BadLengths = [0L, -1L, long.MinValue];
    private static readonly object?[] BadCounts = [0, -1, int.MinValue];
    private static readonly object?[] BadBatches = [0, -1, (1 << 20) + 1, int.MaxValue];
    private static readonly object?[] BadShares = [-0.01, 1.01, double.NaN, double.PositiveInfinity, double.NegativeInfinity];
    private static readonly object?[] BadDecays = [-0.01, 1.0, double.NaN, double.PositiveInfinity];
    private static readonly object?[] BadAmounts = [0.0, -1.0, double.NaN, double.PositiveInfinity, double.NegativeInfinity];
    private static readonly object?[] BadScales = [-1.0, 1000.5, double.NaN, double.PositiveInfinity];

    private static readonly Subject[] Subjects =
    [
        new Subject<TrainerOptions>(new(), Train, new()
        {
            [nameof(TrainerOptions.TextColumnName)] = [.. BadNames, "NegativeLogLikelihood"],
            [nameof(TrainerOptions.Network)] =
            [
                null, Network(n => n with { Autoregressive = true }), Network(n => n with { ContextLength = 1 }),
                Network(n => n with { HeadCount = 3 }),
            ],
            [nameof(TrainerOptions.Tokenizer)] = [null],
            [nameof(TrainerOptions.MaxSteps)] = [.. BadLengths, long.MaxValue],
            [nameof(TrainerOptions.BatchSize)] = BadBatches,
            [nameof(TrainerOptions.LearningRate)] = [0.0, -1e-3, 1.5, double.NaN, double.PositiveInfinity],
            [nameof(TrainerOptions.Device)] = [null, "", "gpu", "cuda:", "cuda:x", "cuda:-1", "CPU "],
            [nameof(TrainerOptions.ProgressInterval)] = BadLengths,
            [nameof(TrainerOptions.AttentionAnnealing)] = [-0.1, 0.5, 1.1, double.NaN],
            [nameof(TrainerOptions.WarmStart)] = [-0.1, 1.0, double.NaN, double.PositiveInfinity],
            [nameof(TrainerOptions.CancelBehavior)] = [(CancelBehavior)(-1), (CancelBehavior)7],
            [nameof(TrainerOptions.Optimizer)] = [null],
            [nameof(TrainerOptions.Budget)] = [null],
            [nameof(TrainerOptions.Validation)] = [null],
            [nameof(TrainerOptions.Checkpoints)] = [null],
            [nameof(TrainerOptions.Rows)] = [null],
            [nameof(TrainerOptions.Noise)] = [null],
            [nameof(TrainerOptions.Adaptation)] = [null],
            // Good values that mean nothing without a model to start from are refused too.
            [nameof(TrainerOptions.Lora)] = [new LoraOptions()],
            [nameof(TrainerOptions.Compute)] = [null],
            [nameof(TrainerOptions.ProcessGroup)] = [null],
            [nameof(TrainerOptions.Outputs)] = [null],
        }, anything: ["ValidationSet", "Seed", "Progress", "CancellationToken", "InitialModel"]),

        new Subject<OptimizerOptions>(new(), o => Train(new() { Optimizer = o }), new()
        {
            [nameof(OptimizerOptions.WarmupSteps)] = [-1, int.MinValue],
            [nameof(OptimizerOptions.MinLearningRateRatio)] = BadShares,
            [nameof(OptimizerOptions.Beta1)] = BadDecays,
            [nameof(OptimizerOptions.Beta2)] = BadDecays,
            [nameof(OptimizerOptions.WeightDecay)] = BadShares,
            [nameof(OptimizerOptions.GradientClipNorm)] = [0.0, -1.0, double.NaN, double.NegativeInfinity],
            [nameof(OptimizerOptions.EmaDecay)] = [0.0, -0.5, 1.0, 1.5, double.NaN, double.PositiveInfinity],
        }, anything: ["DecayNormGains"]),

        new Subject<BudgetOptions>(new(), o => Train(new() { Budget = o }), new()
        {
            [nameof(BudgetOptions.MaxEpochs)] = [.. BadAmounts, 1e300],
            [nameof(BudgetOptions.MaxTokens)] = [.. BadLengths, long.MaxValue],
            [nameof(BudgetOptions.MaxFlops)] = [.. BadAmounts, double.MaxValue],
            [nameof(BudgetOptions.MaxSeconds)] = [.. BadAmounts, double.MaxValue],
            // Nothing could end such a training.
            [nameof(BudgetOptions.UntilCancelled)] = [true],
        }, anything: []),

        new Subject<ValidationOptions>(new(), o => Train(new() { Validation = o }), new()
        {
            // Tokens without the tokenizer they were made with.
            [nameof(ValidationOptions.Tokens)] = [Tokens],
            [nameof(ValidationOptions.Interval)] = BadLengths,
            [nameof(ValidationOptions.Samples)] = BadBatches,
            [nameof(ValidationOptions.MaxBlocks)] = BadCounts,
            [nameof(ValidationOptions.EarlyStoppingPatience)] = [.. BadCounts, 3],
        }, anything: []),

        new Subject<CheckpointOptions>(new(), o => Train(new() { Checkpoints = o }), new()
        {
            [nameof(CheckpointOptions.Folder)] = ["", " "],
            // Good values that mean nothing without a folder are refused too.
            [nameof(CheckpointOptions.Interval)] = [0L, -1L, 10L],
            [nameof(CheckpointOptions.Minutes)] = [0.0, -1.0, double.NaN, double.PositiveInfinity, 5.0],
            [nameof(CheckpointOptions.Keep)] = [0, -1],
            [nameof(CheckpointOptions.Resume)] = [true],
            [nameof(CheckpointOptions.TokenFolder)] = ["", " "],
            [nameof(CheckpointOptions.DataDescription)] = ["", " "],
        }, anything: []),

        new Subject<RowOptions>(new(), o => Train(new() { Rows = o }), new()
        {
            [nameof(RowOptions.PromptColumnName)] = ["", " \t", "Text", "TokenCount"],
            // Good values that mean nothing without prompts, or where documents are joined, are refused too.
            [nameof(RowOptions.ReasoningColumnName)] = ["", " ", "Reasoning"],
            [nameof(RowOptions.Padding)] = [(RowPadding)(-1), (RowPadding)9, RowPadding.Longest, RowPadding.Full],
            [nameof(RowOptions.LossDivisor)] = [(LossDivisor)(-1), (LossDivisor)9, LossDivisor.MicroBatch],
            [nameof(RowOptions.MaxLength)] = [.. BadCounts, 1, 64, 257],
            [nameof(RowOptions.Overflow)] = [(RowOverflow)(-1), (RowOverflow)9, RowOverflow.Throw],
        }, anything: ["PackDocuments"]),

        new Subject<NoiseOptions>(new(), o => Train(new() { Noise = o }), new()
        {
            [nameof(NoiseOptions.Levels)] = [(NoiseLevels)(-1), (NoiseLevels)9],
            [nameof(NoiseOptions.LossWeighting)] = [(LossWeighting)(-1), (LossWeighting)9],
            [nameof(NoiseOptions.UniformShare)] = [-0.1, 1.0, 1.5, double.NaN],
            [nameof(NoiseOptions.StochasticLengthRatio)] = BadShares,
            [nameof(NoiseOptions.GuidanceDropout)] = [.. BadShares, 0.1],
            [nameof(NoiseOptions.GapLengthRatio)] = BadShares,
            [nameof(NoiseOptions.MaxGapLength)] = BadCounts,
        }, anything: []),

        new Subject<AdaptationOptions>(new(), o => Train(new() { InitialModel = Causal, Adaptation = o }), new()
        {
            [nameof(AdaptationOptions.MaskTokenId)] = [-1, int.MinValue, int.MaxValue],
            [nameof(AdaptationOptions.AttentionBlockSize)] = [.. BadCounts, (1 << 20) + 1],
        }, anything: ["ShiftsLogits"]),

        new Subject<LoraOptions>(new(), o => Train(new() { InitialModel = Model, Lora = o }), new()
        {
            [nameof(LoraOptions.Rank)] = [.. BadCounts, (1 << 14) + 1],
            [nameof(LoraOptions.Alpha)] = BadAmounts,
            [nameof(LoraOptions.Targets)] =
                [null, Array.Empty<string>(), new string?[] { null }, new[] { " " }, new[] { "c_attn" }, new[] { "attn.attn", "q_proj" }],
        }, anything: []),

        new Subject<ComputeOptions>(new(), o => Train(new() { Compute = o }), new()
        {
            [nameof(ComputeOptions.MicroBatchSize)] = [.. BadCounts, 3, 32],
            [nameof(ComputeOptions.VirtualRanks)] = [.. BadCounts, 3, 32],
            [nameof(ComputeOptions.Precision)] = [(Precision)(-1), (Precision)9],
        }, anything: ["ActivationCheckpointing"]),

        new Subject<OutputOptions>(new(), o => Train(new() { Outputs = o }), new()
        {
            [nameof(OutputOptions.NegativeLogLikelihoodColumnName)] = [.. BadNames, "Text", "TokenCount"],
            [nameof(OutputOptions.StandardErrorColumnName)] = [.. BadNames, "Text", "NegativeLogLikelihood"],
            [nameof(OutputOptions.PerCharacterColumnName)] = ["", " \t", "TokenCount"],
            [nameof(OutputOptions.PerByteColumnName)] = ["", " \t", "Text"],
            [nameof(OutputOptions.TokenCountColumnName)] = [.. BadNames, "Text", "NegativeLogLikelihood"],
        }, anything: []),

        new Subject<PackedCorpusOptions>(new() { Sources = Sources }, o => _ = new PackedCorpus(o), new()
        {
            [nameof(PackedCorpusOptions.Sources)] =
                [null, Array.Empty<PackedSource>(), new[] { new PackedSource(" ") }, new[] { new PackedSource("a", "") },
                new[] { new PackedSource("a", Weight: 1), new PackedSource("b") }, new[] { new PackedSource("a", Weight: -1) },
                new[] { new PackedSource("a", Weight: double.NaN) }, new[] { new PackedSource("a", Weight: 0) }],
            [nameof(PackedCorpusOptions.BlockLength)] = [.. BadCounts, 1],
            [nameof(PackedCorpusOptions.Order)] = [(PackedOrder)(-1), (PackedOrder)9],
            [nameof(PackedCorpusOptions.FilesAtOnce)] = BadCounts,
            [nameof(PackedCorpusOptions.PublishedSeed)] = [-1, int.MinValue],
        }, anything: []),

        new Subject<PackedTokensOptions>(new(), o => o.Check(), new()
        {
            [nameof(PackedTokensOptions.TextColumnName)] = BadNames,
            [nameof(PackedTokensOptions.Prefix)] = [null, "", " ", ".train", "a/b"],
            [nameof(PackedTokensOptions.TokensPerFile)] = [.. BadCounts, 1, 500_000_001],
        }, anything: ["Progress"]),

        new Subject<TableOptions>(new() { Path = WriteTable() }, o => _ = new MLContext(1).MaskedDiffusion().LoadTable(o), new()
        {
            [nameof(TableOptions.Path)] = BadNames,
            [nameof(TableOptions.Separator)] = ['a', '7', ' ', '"', '\n', '\r', '\0', 'é'],
        }, anything: ["HasHeader"]),

        new Subject<TextFilesOptions>(new() { Path = typeof(OptionsTests).Assembly.Location }, o =>
            _ = new MLContext(1).MaskedDiffusion().LoadText(o), new()
        {
            [nameof(TextFilesOptions.Path)] = BadNames,
            [nameof(TextFilesOptions.Pattern)] = ["", " "],
            [nameof(TextFilesOptions.Boundary)] = [(DocumentBoundary)(-1), (DocumentBoundary)9],
            [nameof(TextFilesOptions.JsonField)] = [null, ""],
            [nameof(TextFilesOptions.ColumnName)] = BadNames,
            [nameof(TextFilesOptions.MaxDocumentBytes)] = [.. BadCounts, (1 << 30) + 1],
        }, anything: ["Recursive"]),

        new Subject<LikelihoodScoringOptions>(new(), o => _ = new LikelihoodScoringEstimator(Model, o), new()
        {
            [nameof(LikelihoodScoringOptions.TextColumnName)] = BadNames,
            [nameof(LikelihoodScoringOptions.NegativeLogLikelihoodColumnName)] = [.. BadNames, "TokenCount"],
            [nameof(LikelihoodScoringOptions.StandardErrorColumnName)] = [.. BadNames, "NegativeLogLikelihood"],
            [nameof(LikelihoodScoringOptions.TokenCountColumnName)] = [.. BadNames, "NegativeLogLikelihood"],
            [nameof(LikelihoodScoringOptions.PerCharacterColumnName)] = ["", " \t", "TokenCount"],
            [nameof(LikelihoodScoringOptions.PerByteColumnName)] = ["", " \t", "NegativeLogLikelihoodPerCharacter"],
            [nameof(LikelihoodScoringOptions.ContextColumnName)] = ["", " \t"],
            [nameof(LikelihoodScoringOptions.Separator)] = [null],
            // A good value that means nothing without a context column is refused too.
            [nameof(LikelihoodScoringOptions.ContextOverflow)] =
                [(ContextOverflow)(-1), (ContextOverflow)9, ContextOverflow.KeepEnd, ContextOverflow.Skip],
            [nameof(LikelihoodScoringOptions.Stride)] = [.. BadCounts, TinyModel.ContextLength, int.MaxValue],
            [nameof(LikelihoodScoringOptions.InvalidRows)] = [(InvalidRows)(-1), (InvalidRows)9],
            [nameof(LikelihoodScoringOptions.BatchSize)] = BadBatches,
            [nameof(LikelihoodScoringOptions.Likelihood)] = [null],
        }, anything: ["CancellationToken", "Progress"]),

        new Subject<ChoiceScoringOptions>(new(), o => _ = new ChoiceScoringEstimator(Model, o), new()
        {
            [nameof(ChoiceScoringOptions.ContextColumnName)] = BadNames,
            [nameof(ChoiceScoringOptions.ChoicesColumnName)] = BadNames,
            [nameof(ChoiceScoringOptions.ScoreColumnName)] = [.. BadNames, "Probability"],
            [nameof(ChoiceScoringOptions.StandardErrorColumnName)] = [.. BadNames, "Score"],
            [nameof(ChoiceScoringOptions.LogLikelihoodColumnName)] = [.. BadNames, "Score"],
            [nameof(ChoiceScoringOptions.PerCharacterColumnName)] = [.. BadNames, "Score"],
            [nameof(ChoiceScoringOptions.PerByteColumnName)] = [.. BadNames, "Score"],
            [nameof(ChoiceScoringOptions.ProbabilityColumnName)] = [.. BadNames, "Score"],
            [nameof(ChoiceScoringOptions.PredictedLabelColumnName)] = [.. BadNames, "Score"],
            [nameof(ChoiceScoringOptions.PredictedTextColumnName)] = ["", " \t", "Score"],
            [nameof(ChoiceScoringOptions.ChoiceCount)] =
                [.. BadCounts, 1, ChoiceScoringOptionsBase.MaximumChoices + 1, int.MaxValue],
            [nameof(ChoiceScoringOptions.Normalization)] = [(ChoiceNormalization)(-1), (ChoiceNormalization)9],
            [nameof(ChoiceScoringOptions.Separator)] = [null],
            [nameof(ChoiceScoringOptions.ContextOverflow)] = [(ContextOverflow)(-1), (ContextOverflow)9, ContextOverflow.Skip],
            [nameof(ChoiceScoringOptions.InvalidRows)] = [(InvalidRows)(-1), (InvalidRows)9],
            [nameof(ChoiceScoringOptions.BatchSize)] = BadBatches,
            [nameof(ChoiceScoringOptions.Likelihood)] = [null],
        }, anything: ["CancellationToken", "Progress"]),

        new Subject<GroupedChoiceScoringOptions>(new(), o => _ = new GroupedChoiceScoringEstimator(Model, o), new()
        {
            [nameof(GroupedChoiceScoringOptions.ContextColumnName)] = BadNames,
            [nameof(GroupedChoiceScoringOptions.ChoiceColumnName)] = BadNames,
            [nameof(GroupedChoiceScoringOptions.GroupColumnName)] = BadNames,
            [nameof(GroupedChoiceScoringOptions.ScoreColumnName)] = [.. BadNames, "Probability"],
            [nameof(GroupedChoiceScoringOptions.StandardErrorColumnName)] = [.. BadNames, "Score"],
            [nameof(GroupedChoiceScoringOptions.LogLikelihoodColumnName)] = [.. BadNames, "Score"],
            [nameof(GroupedChoiceScoringOptions.PerCharacterColumnName)] = [.. BadNames, "Score"],
            [nameof(GroupedChoiceScoringOptions.PerByteColumnName)] = [.. BadNames, "Score"],
            [nameof(GroupedChoiceScoringOptions.ProbabilityColumnName)] = [.. BadNames, "Score"],
            [nameof(GroupedChoiceScoringOptions.PredictedLabelColumnName)] = [.. BadNames, "Score"],
            [nameof(GroupedChoiceScoringOptions.Normalization)] = [(ChoiceNormalization)(-1), (ChoiceNormalization)9],
            [nameof(GroupedChoiceScoringOptions.Separator)] = [null],
            [nameof(GroupedChoiceScoringOptions.ContextOverflow)] = [(ContextOverflow)(-1), (ContextOverflow)9, ContextOverflow.Skip],
            [nameof(GroupedChoiceScoringOptions.InvalidRows)] = [(InvalidRows)(-1), (InvalidRows)9],
            [nameof(GroupedChoiceScoringOptions.BatchSize)] = BadBatches,
            [nameof(GroupedChoiceScoringOptions.Likelihood)] = [null],
        }, anything: ["CancellationToken", "Progress"]),

        new Subject<InfillOptions>(new(), o => _ = new InfillEstimator(Model, o), new()
        {
            [nameof(InfillOptions.InputColumnName)] = BadNames,
            [nameof(InfillOptions.OutputColumnName)] = BadNames,
            [nameof(InfillOptions.LogProbabilityColumnName)] = ["", " \t", "Filled"],
            [nameof(InfillOptions.SamplesColumnName)] = ["", " \t", "Filled"],
            [nameof(InfillOptions.SampleLogProbabilitiesColumnName)] = ["", " \t", "Filled"],
            // A good value that means nothing where invalid rows are errors is refused too.
            [nameof(InfillOptions.ErrorColumnName)] = ["", " \t", "Filled", "Error"],
            [nameof(InfillOptions.CandidatesColumnName)] = ["", " \t"],
            [nameof(InfillOptions.Candidates)] = [Array.Empty<string>(), new[] { "a", "" }, new[] { "a", "a" }, new string?[] { null }],
            [nameof(InfillOptions.FillingWeight)] = BadShares,
            [nameof(InfillOptions.LengthMethod)] = [(GapLengthMethod)(-1), (GapLengthMethod)9],
            [nameof(InfillOptions.MaxGapLength)] = [.. BadCounts, GapOptions.LargestMaxGapLength + 1, int.MaxValue],
            // Several draws need a temperature.
            [nameof(InfillOptions.Samples)] = [.. BadCounts, 2, GapOptions.LargestSamples + 1],
            [nameof(InfillOptions.InvalidRows)] = [(InvalidRows)(-1), (InvalidRows)9],
            [nameof(InfillOptions.Sampling)] = [null],
            [nameof(InfillOptions.BatchSize)] = BadBatches,
        }, anything: ["CancellationToken", "Progress"]),

        new Subject<TextGenerationOptions>(new(), o => _ = new TextGenerationEstimator(Model, o), new()
        {
            [nameof(TextGenerationOptions.PromptColumnName)] = BadNames,
            [nameof(TextGenerationOptions.OutputColumnName)] = BadNames,
            [nameof(TextGenerationOptions.Generation)] = [null],
            [nameof(TextGenerationOptions.BatchSize)] = BadBatches,
        }, anything: ["CancellationToken", "Progress", "BatchProgress", "LogProbabilityColumnName", "TokenCountColumnName",
            "StepCountColumnName", "NetworkRowCountColumnName", "FinishReasonColumnName"]),

        new Subject<GapOptions>(new(), o => _ = new Infiller(Model, null, o), new()
        {
            [nameof(GapOptions.FillingWeight)] = BadShares,
            [nameof(GapOptions.LengthMethod)] = [(GapLengthMethod)(-1), (GapLengthMethod)9],
            [nameof(GapOptions.MaxGapLength)] = [.. BadCounts, GapOptions.LargestMaxGapLength + 1, int.MaxValue],
            [nameof(GapOptions.Samples)] = [.. BadCounts, 2, GapOptions.LargestSamples + 1],
            [nameof(GapOptions.InvalidRows)] = [(InvalidRows)(-1), (InvalidRows)9],
        }, anything: []),

        new Subject<LikelihoodOptions>(new(), o => _ = new LikelihoodScoringEstimator(Model, new() { Likelihood = o }), new()
        {
            [nameof(LikelihoodOptions.Method)] = [null],
            [nameof(LikelihoodOptions.Samples)] = [.. BadBatches, 2],
            [nameof(LikelihoodOptions.GuidanceScale)] = BadScales,
            [nameof(LikelihoodOptions.RoundSize)] = BadCounts,
            [nameof(LikelihoodOptions.TargetStandardError)] = BadAmounts,
            [nameof(LikelihoodOptions.SeparationZ)] = [.. BadAmounts, 100.5],
            [nameof(LikelihoodOptions.MaxSamples)] = [.. BadCounts, (1 << 24) + 1],
            [nameof(LikelihoodOptions.BatchTokens)] = BadCounts,
        }, anything: ["PadToContext", "Seed"]),

        new Subject<SamplingOptions>(new(), o => _ = new InfillEstimator(Model, new() { Sampling = o }), new()
        {
            [nameof(SamplingOptions.Steps)] = BadCounts,
            [nameof(SamplingOptions.Temperature)] = [-0.1, 100.5, double.NaN, double.PositiveInfinity],
            [nameof(SamplingOptions.GuidanceScale)] = BadScales,
            [nameof(SamplingOptions.GuidanceEnd)] = [-0.1, 1.1, double.NaN],
            [nameof(SamplingOptions.GuidanceStart)] = [-0.1, 1.1, double.NaN],
            [nameof(SamplingOptions.Order)] = [null],
            [nameof(SamplingOptions.TokensPerStep)] = [null],
            [nameof(SamplingOptions.Remasking)] = [null],
            [nameof(SamplingOptions.SelfCorrectionSteps)] = [-1, int.MinValue],
            [nameof(SamplingOptions.SelfCorrectionTemperature)] = [-0.1, 100.5, double.NaN, double.PositiveInfinity],
            [nameof(SamplingOptions.Cache)] = [null],
            [nameof(SamplingOptions.BlockLength)] = BadCounts,
            [nameof(SamplingOptions.TopK)] = [.. BadCounts, 1_000_000],
            [nameof(SamplingOptions.TopP)] = [0.0, -1.0, 1.1, double.NaN],
            [nameof(SamplingOptions.MinP)] = [-0.1, 1.1, double.NaN],
            [nameof(SamplingOptions.RepetitionPenalty)] = [0.0, -1.0, 101.0, double.NaN],
            [nameof(SamplingOptions.BatchTokens)] = BadCounts,
        }, anything:
            ["Seed", "OrderSeesKeptTokens", "SharesStepsAmongRows", "SuppressedTokens", "PostponedTokens", "TokenBias"]),

        new Subject<SearchOptions>(
            new()
            {
                Trainer = new() { Network = Network(n => n with { LayerCount = 1 }), Tokenizer = TokenizerSource.Bytes(), MaxSteps = 1 },
                Metric = SearchMetric.Of("none", _ => 0), MaxTrials = 1, Rungs = 1,
            },
            o => new MLContext(1).MaskedDiffusion().Search(new MLContext(1).Data.LoadFromEnumerable(TextRow.Make("a")), o).Dispose(), new()
            {
                [nameof(SearchOptions.Trainer)] = [null],
                [nameof(SearchOptions.Space)] = [null],
                [nameof(SearchOptions.Metric)] = [null],
                [nameof(SearchOptions.Sampler)] = [(SearchSampler)(-1), (SearchSampler)9],
                [nameof(SearchOptions.MaxTrials)] = [.. BadCounts, 10_001],
                [nameof(SearchOptions.MaxSeconds)] = BadAmounts,
                [nameof(SearchOptions.MaxFlops)] = BadAmounts,
                [nameof(SearchOptions.Rungs)] = [.. BadCounts, 9],
                [nameof(SearchOptions.Reduction)] = [.. BadCounts, 1, 11],
                [nameof(SearchOptions.Folder)] = ["", " "],
                [nameof(SearchOptions.Resume)] = [true],
                [nameof(SearchOptions.ProcessGroup)] = [null],
            }, anything: ["EqualFlops", "Seed", "Progress", "CancellationToken"]),

        new Subject<BatchScoringOptions>(
            new() { InputPath = BatchInput(), OutputPath = Folder.File("out.csv") }, ScoreFile, new()
            {
                [nameof(BatchScoringOptions.InputPath)] = BadNames,
                [nameof(BatchScoringOptions.OutputPath)] = [.. BadNames, BatchInput(), "out.txt"],
                [nameof(BatchScoringOptions.InputFormat)] = [(BatchFormat)(-1), (BatchFormat)9],
                [nameof(BatchScoringOptions.OutputFormat)] = [(BatchFormat)(-1), (BatchFormat)9],
                [nameof(BatchScoringOptions.Separator)] = ['"', ' ', 'a', '0', '\n', 'é'],
                [nameof(BatchScoringOptions.KeptColumns)] = [new[] { "" }, new[] { "Text", "Text" }, new[] { "Other" }],
                [nameof(BatchScoringOptions.OutputColumns)] = [Array.Empty<string>(), new[] { " " }, new[] { "Other" }],
                [nameof(BatchScoringOptions.InvalidRows)] = [(InvalidRows)(-1), (InvalidRows)9],
                [nameof(BatchScoringOptions.Shard)] = [null],
                [nameof(BatchScoringOptions.ProcessGroup)] = [null],
                [nameof(BatchScoringOptions.BlockSize)] = [.. BadCounts, (1 << 20) + 1],
            }, anything: ["Overwrite", "HasHeader", "InputSchema", "Progress", "CancellationToken"]),

        new Subject<GenerationOptions>(new(), o => _ = new TextGenerator(Model, o), new()
        {
            [nameof(GenerationOptions.MaxNewTokens)] = [-1, (1 << 20) + 1],
            [nameof(GenerationOptions.MinNewTokens)] = [-1, (1 << 20) + 1],
            [nameof(GenerationOptions.EndOfTextPenalty)] = [-0.1, 1000.5, double.NaN],
            [nameof(GenerationOptions.StopStrings)] = [null],
            [nameof(GenerationOptions.Sampling)] = [null],
            [nameof(GenerationOptions.InvalidRows)] = [(InvalidRows)(-1), (InvalidRows)9],
        }, anything: ["NegativePrompt", "PromptTokens", "LiteralPrompts", "EndTokens"]),

        new Subject<ZeroShotOptions>(new(), o => _ = new ZeroShotEvaluator(Model, o), new()
        {
            [nameof(ZeroShotOptions.Profile)] = [null],
            [nameof(ZeroShotOptions.ContextOverflow)] = [(ContextOverflow)(-1), (ContextOverflow)9],
            [nameof(ZeroShotOptions.InvalidRows)] = [(InvalidRows)(-1), (InvalidRows)9],
            [nameof(ZeroShotOptions.MaxQuestions)] = BadCounts,
            [nameof(ZeroShotOptions.QuestionsPerBatch)] = BadCounts,
            [nameof(ZeroShotOptions.LogFolder)] = ["", " "],
            [nameof(ZeroShotOptions.ProcessGroup)] = [null],
        }, anything: ["Progress"]),

        new Subject<LmEvalOptions>(new(), o => _ = new LmEvalRequests(Model, o), new()
        {
            [nameof(LmEvalOptions.Likelihood)] = [null],
            [nameof(LmEvalOptions.ContextOverflow)] = [(ContextOverflow)(-1), (ContextOverflow)9],
            [nameof(LmEvalOptions.InvalidRows)] = [(InvalidRows)(-1), (InvalidRows)9],
            [nameof(LmEvalOptions.RequestsPerBatch)] = BadCounts,
        }, anything: ["Progress", "Greedy"]),

        new Subject<PerplexityOptions>(new(), o => _ = new PerplexityEvaluator(Model, o), new()
        {
            [nameof(PerplexityOptions.Likelihood)] = [null],
            [nameof(PerplexityOptions.Stride)] = [.. BadCounts, TinyModel.ContextLength + 1],
            [nameof(PerplexityOptions.DocumentsPerBatch)] = BadCounts,
        }, anything: ["Progress"]),

        .. NetworkSubjects,
    ];
}

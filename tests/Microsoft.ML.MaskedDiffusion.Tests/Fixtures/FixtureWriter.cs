using System.IO.Compression;
using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Writes one file of every format that the library keeps on disk. The folder v1 beside this file was written by it, with the first version
/// of each format. Never write v1 again: its files stand for those that users have. A new version of a format gets a folder of its own.
/// </summary>
internal static class FixtureWriter
{
    public const string Archive = "model.mdm", Int8Archive = "int8.mdm", Folder = "model", Run = "run", TokensArchive = "tokens.zip",
        Packed = "packed", Logs = "logs", Fingerprints = "fingerprints",
        Headers = "headers", Requests = "requests.jsonl", Responses = "responses.jsonl", Task = "task.json";

    /// <summary>The saved transformers.</summary>
    public static IReadOnlyList<string> Transformers =>
        ["trained", "likelihood", "choices", "grouped", "infill", "generation", "autoregressive", "chain", "beside"];

    public static TokenizerSource Bytes => TokenizerSource.Bytes();

    public static IReadOnlyList<ZeroShotQuestion> Questions { get; } =
    [
        new("q1", "the cat sat", ["on the mat", "on a log"], 0), new("q2", "ünïcödé", ["a", "bé"], 1),
        new("q3", new string('x', 60), ["long", "longer"], 0),
    ];

    public static IReadOnlyList<ZeroShotQuestion> GreedyQuestions
    { get; } = [new("1", "the cat sat on the", ["mat"], 0), new("2", "the dog sat on the", ["log"], 0, "  ")];

    public static LikelihoodOptions Likelihood => new()
    {
        Method = LikelihoodMethod.MonteCarlo, Samples = 12, GuidanceScale = 0.5, PadToContext = true, RoundSize = 4,
        TargetStandardError = 0.75, SeparationZ = 2,
        MaxSamples = 24, BatchTokens = 512, Seed = 7,
    };

    public static void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        var ml = new MLContext(1);
        using LikelihoodScoringTransformer trained = Train(ml);
        WriteModels(trained.Model, folder);
        WriteTransformers(ml, trained, folder);
        WriteRun(Path.Combine(folder, Run));
        WritePacked(ml, Path.Combine(folder, Packed));
        WriteLogs(Path.Combine(folder, Logs));
        Directory.CreateDirectory(Path.Combine(folder, Fingerprints));
        foreach (string name in FixtureTrainings.Names)
            File.WriteAllText(Path.Combine(folder, Fingerprints, name + ".json"), FixtureReader.Fingerprint(name, folder));
        Directory.CreateDirectory(Path.Combine(folder, Headers));
        foreach (string name in Transformers)
            File.WriteAllText(Path.Combine(folder, Headers, name + ".json"), FixtureReader.HeaderText(Path.Combine(folder, name + ".zip")));
    }

    /// <summary>A scorer that needs no model, because the hash of a model in a log depends on how the runtime compresses.</summary>
    public static FakeScorer Scorer(Action? onScore = null) =>
        new((context, answer) => (-answer.Length - context.Length / 64.0, 0.25), contextLength: 48)
        { Name = "fixture", Greedy = answer => answer.EndsWith('t'), OnScore = onScore };

    public static ZeroShotOptions ZeroShot(string logs) =>
        new()
        {
            Profile = ZeroShotProfile.Uniform(Likelihood), ContextOverflow = ContextOverflow.KeepEnd, QuestionsPerBatch = 1,
            LogFolder = logs
        };

    public static LmEvalOptions LmEval =>
        new() { Likelihood = Likelihood, ContextOverflow = ContextOverflow.KeepEnd, RequestsPerBatch = 2 };

    private static LikelihoodScoringTransformer Train(MLContext ml) =>
        new MaskedDiffusionTrainer(ml, Options(autoregressive: false)).Fit(FixtureRow.View(FixtureRow.Training));

    private static TrainerOptions Options(bool autoregressive) => new()
    {
        Network = new TransformerConfig
        {
            Name = "fixture", LayerCount = 1, HeadCount = 2, EmbeddingSize = 12, FeedForwardSize = 24, ContextLength = 24,
            NormEpsilon = 1e-6,
            RotaryPrecision = autoregressive ? RotaryPrecision.Float32 : RotaryPrecision.BFloat16,
        },
        Tokenizer = TokenizerSource.TrainBytePairEncoding(264),
        Rows = { PromptColumnName = "Prompt" },
        Outputs = { NegativeLogLikelihoodColumnName = "Nll", StandardErrorColumnName = "Error", TokenCountColumnName = "Count" },
        MaxSteps = 120,
        BatchSize = 8,
        LearningRate = 0.02,
        Seed = 5,
        Device = "cpu",
    };

    private static void WriteModels(MaskedDiffusionModel model, string folder)
    {
        model.Save(Path.Combine(folder, Archive));
        model.Save(Path.Combine(folder, Folder));
        using MaskedDiffusionModel narrow = MaskedDiffusionModel.Load(Path.Combine(folder, Folder), "cpu", WeightType.Int8);
        narrow.Save(Path.Combine(folder, Int8Archive));
    }

    private static void WriteTransformers(MLContext ml, LikelihoodScoringTransformer trained, string folder)
    {
        IDataView rows = FixtureRow.View(FixtureRow.All);
        MaskedDiffusionCatalog catalog = ml.MaskedDiffusion();
        MaskedDiffusionModel model = trained.Model;
        var likelihood = new LikelihoodScoringOptions
        {
            TextColumnName = "Text", ContextColumnName = "Prompt", Separator = "-", ContextOverflow = ContextOverflow.KeepEnd,
            NegativeLogLikelihoodColumnName = "A",
            StandardErrorColumnName = "B", TokenCountColumnName = "C", PerCharacterColumnName = "D", PerByteColumnName = "E", Stride = 7,
            BatchSize = 3, Likelihood = Likelihood,
        };
        var choices = new ChoiceScoringOptions
        {
            ChoicesColumnName = "Choices", ChoiceCount = 18,
            Normalization = ChoiceNormalization.PerByte
        };
        var grouped = new GroupedChoiceScoringOptions
        { ChoiceColumnName = "Choice", GroupColumnName = "Group", Normalization = ChoiceNormalization.PerToken };
        foreach (ChoiceScoringOptionsBase options in new ChoiceScoringOptionsBase[] { choices, grouped })
        {
            (options.ContextColumnName, options.ScoreColumnName, options.StandardErrorColumnName, options.LogLikelihoodColumnName) =
                ("Context", "A", "B", "C");
            (options.PerCharacterColumnName, options.PerByteColumnName, options.ProbabilityColumnName, options.PredictedLabelColumnName) =
                ("D", "E", "F", "G");
            (options.Separator, options.ContextOverflow, options.BatchSize, options.Likelihood) =
                (" ", ContextOverflow.KeepEnd, 3, Likelihood);
        }
        choices.Likelihood.Method = LikelihoodMethod.ExactCount;
        grouped.Likelihood = new LikelihoodOptions { Method = LikelihoodMethod.ChainRule };
        var infill = new InfillOptions
        {
            InputColumnName = "Gaps", OutputColumnName = "A", BatchSize = 3,
            Sampling = new SamplingOptions
            {
                Steps = 2, Temperature = 0.5, GuidanceScale = 0.25, Order = SamplingOrder.Margin, Seed = 9,
                BatchTokens = 256
            },
        };
        using LikelihoodScoringTransformer autoregressive = new AutoregressiveTrainer(ml, Options(autoregressive: true))
            .Fit(FixtureRow.View(FixtureRow.Training));
        ITransformer lower = ml.Transforms.Text.NormalizeText("Lower", "Prompt").Fit(rows);
        ITransformer ofLower = catalog.ScoreLikelihood(model, "Lower").Fit(lower.Transform(rows));
        // In the order of Transformers.
        ITransformer[] all =
        [
            trained, catalog.ScoreLikelihood(model, likelihood).Fit(rows), catalog.ScoreChoices(model, choices).Fit(rows),
            catalog.ScoreChoices(model, grouped).Fit(rows),
            catalog.Infill(model, infill).Fit(rows), catalog.Generate(model, Generation).Fit(rows), autoregressive,
            new TransformerChain<ITransformer>(lower, ofLower),
        ];
        foreach ((string name, ITransformer transformer) in Transformers.Zip(all))
            ml.Model.Save(transformer, rows.Schema, Path.Combine(folder, name + ".zip"));
        catalog.SaveModel(trained, rows.Schema, Path.Combine(folder, Transformers[^1] + ".zip"), selfContainedLimit: 1);
    }

    // Every option that is saved, none at its default.
    private static TextGenerationOptions Generation => new()
    {
        PromptColumnName = "Prompt", OutputColumnName = "A", LogProbabilityColumnName = "B", TokenCountColumnName = "C",
        StepCountColumnName = "D", NetworkRowCountColumnName = "E", FinishReasonColumnName = "F", BatchSize = 3,
        Generation = new GenerationOptions
        {
            MaxNewTokens = 8, MinNewTokens = 1, StopStrings = ["mat"], EndOfTextPenalty = 0.5,
            Sampling = new SamplingOptions
            {
                Steps = 3, Order = SamplingOrder.Margin, TokensPerStep = TokensPerStep.Fixed(2), Remasking = Remasking.Revision(0.02),
                TopK = 40, TopP = 0.99, MinP = 0.001, RepetitionPenalty = 1.1, GuidanceScale = 0.25, GuidanceStart = 0.9, GuidanceEnd = 0.1,
                BlockLength = 4, SuppressedTokens = [5, 6], TokenBias = new Dictionary<int, double> { [70] = 0.5 }, Seed = 9,
                BatchTokens = 256,
            },
        },
    };

    private static void WriteRun(string folder)
    {
        FixtureTrainings.Stop(folder);
        string tokens = Path.Combine(folder, "tokens");
        File.Delete(Path.Combine(folder, ".lock"));
        File.Delete(Path.Combine(tokens, ".lock"));
        // Its files are 4 MB each, nearly all of it filling.
        ZipFile.CreateFromDirectory(tokens, Path.Combine(folder, TokensArchive), CompressionLevel.SmallestSize, includeBaseDirectory: true);
        Directory.Delete(tokens, recursive: true);
    }

    public static void WritePacked(MLContext ml, string folder)
    {
        foreach (string prefix in new[] { "train", "other" })
        {
            IDataView rows = FixtureRow.View(prefix == "train" ? FixtureRow.Training : FixtureRow.All);
            ml.MaskedDiffusion().SavePackedTokens(rows, Bytes.Known!, folder,
                new PackedTokensOptions { Prefix = prefix, TokensPerFile = 32 });
        }
    }

    public static void WriteLogs(string folder)
    {
        Directory.CreateDirectory(folder);
        new ZeroShotEvaluator(Scorer(), ZeroShot(folder)).Evaluate(ZeroShotTask.FromName("piqa"), Questions);
        new ZeroShotEvaluator(Scorer(), ZeroShot(folder)).Evaluate(ZeroShotTask.FromName("lambada_standard"), GreedyQuestions);
        string requests = Path.Combine(folder, Requests);
        File.WriteAllLines(requests, new[] { "{\"context\": \"the cat\", \"continuation\": \" sat\"}",
            "{\"context\": \"a\", \"continuation\": \"\"}" }.Concat(
            [$"{{\"context\": \"{new string('y', 60)}\", \"continuation\": \" end\"}}", "{\"context\": \"\", \"continuation\": \"ü\"}"]));
        using var stop = new CancellationTokenSource();
        // Two requests are answered when the run stops before the other two.
        LmEvalOptions options = LmEval;
        options.Progress = new Collected<ScoringProgress>(_ => stop.Cancel());
        Assert.ThrowsExactly<OperationCanceledException>(
            () => new LmEvalRequests(Scorer(), options).Score(requests, Path.Combine(folder, Responses), stop.Token));
        const string Definition =
            """{"name": "mine", "context": "Q: {question.stem}\nA:", "choices_field": "options", "gold_field": "answer", """
            + "\"first_index\": 1, \"delimiter\": \"_\", \"greedy\": false}";
        File.WriteAllText(Path.Combine(folder, Task), Definition + "\n");
    }
}

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Every kind of transformer of the library, over rows that suit all of them: for tests of what must hold for each. The names of those
/// that a trainer makes begin with "trained".
/// </summary>
internal static class Components
{
    public const string Trained = "trained", TrainedAutoregressive = "trained autoregressive";

    private const string Autoregressive = "autoregressive";

    /// <summary>Those that are made of a model.</summary>
    public static IReadOnlyList<string> OfModels =>
    [
        "likelihood", "choices", "grouped choices", "infill", "generation", Autoregressive + " likelihood", Autoregressive + " generation",
    ];

    /// <summary>All, as rows of data for a test.</summary>
    public static IEnumerable<object[]> All => OfModels.Append(Trained).Append(TrainedAutoregressive).Select(name => new object[] { name });

    /// <summary>Those that are made of a model, as rows of data for a test.</summary>
    public static IEnumerable<object[]> AllOfModels => OfModels.Select(name => new object[] { name });

    /// <summary>Whether it maps single rows, and so works in a prediction engine and in what ML.NET itself loads.</summary>
    public static bool MapsRows(string name) => name != "grouped choices";

    /// <summary>A model of random weights that suits it.</summary>
    public static MaskedDiffusionModel Model(string name, ulong seed = 11) => name.StartsWith(Autoregressive, StringComparison.Ordinal)
        ? TinyAutoregressiveModel.Create(seed)
        : TinyModel.Create(seed);

    /// <summary>Rows that differ, in groups of two.</summary>
    public static FixtureRow[] Rows(int count) =>
    [
        .. Enumerable.Range(0, count).Select(i => new FixtureRow
        {
            Prompt = $"the {i}",
            Text = i == 3 ? "" : $"cat {i} sat",
            Context = $"the {i / 2}",
            Choices = [$"mat {i}", "a log"],
            Choice = $"mat {i}",
            Group = $"{i / 2}",
            Gaps = $"a {i} [MASK] on [MASK*2]",
        }),
    ];

    public static IDataView View(int count) => FixtureRow.View(Rows(count));

    /// <summary>An estimator of the component; those of trainers take no model.</summary>
    public static IEstimator<ModelTransformer> Estimator(
        MLContext ml, string name, MaskedDiffusionModel? model, int batchSize = 4, IProgress<ScoringProgress>? progress = null)
    {
        MaskedDiffusionCatalog catalog = ml.MaskedDiffusion();
        LikelihoodOptions likelihood = new() { Samples = 4, Method = LikelihoodMethod.MonteCarlo, Seed = 3 };
        SamplingOptions sampling = new() { Order = SamplingOrder.Random, Temperature = 1, Seed = 4 };
        return name switch
        {
            "likelihood" => catalog.ScoreLikelihood(model!, new LikelihoodScoringOptions
            {
                ContextColumnName = "Prompt", PerByteColumnName = "NatsPerByte", Likelihood = likelihood, BatchSize = batchSize,
                Progress = progress,
            }),
            "choices" => catalog.ScoreChoices(
                model!, new ChoiceScoringOptions { ChoiceCount = 2, Likelihood = likelihood, BatchSize = batchSize, Progress = progress }),
            "grouped choices" => catalog.ScoreChoices(model!, new GroupedChoiceScoringOptions
            {
                ChoiceColumnName = "Choice", GroupColumnName = "Group", Likelihood = likelihood, BatchSize = batchSize, Progress = progress,
            }),
            "infill" => catalog.Infill(model!, new InfillOptions
            {
                InputColumnName = "Gaps", Sampling = sampling, BatchSize = batchSize, Progress = progress,
            }),
            "generation" or Autoregressive + " generation" => catalog.Generate(model!, new TextGenerationOptions
            {
                Generation = { MaxNewTokens = 4, Sampling = name == "generation" ? sampling : new() { Temperature = 1, Seed = 4 } },
                BatchSize = batchSize, Progress = progress,
            }),
            Autoregressive + " likelihood" => catalog.ScoreLikelihood(
                model!, new LikelihoodScoringOptions { BatchSize = batchSize, Progress = progress }),
            Trained => new MaskedDiffusionTrainer(ml, Training()),
            TrainedAutoregressive => new AutoregressiveTrainer(ml, Training()),
            _ => throw new ArgumentOutOfRangeException(nameof(name), name, "There is no such component."),
        };
    }

    /// <summary>A training of a few moments.</summary>
    public static TrainerOptions Training() => new()
    {
        Network = new TransformerConfig { LayerCount = 1, HeadCount = 2, EmbeddingSize = 16, FeedForwardSize = 32, ContextLength = 16 },
        Tokenizer = TokenizerSource.Bytes(), MaxSteps = 2, BatchSize = 2, Seed = 3, Device = "cpu",
    };

    /// <summary>All values of the columns that a component adds, one text for each row, in which every number has all its digits.</summary>
    public static string[] Values(IDataView view)
    {
        var own = typeof(FixtureRow).GetProperties().Select(property => property.Name).ToHashSet(StringComparer.Ordinal);
        return ViewText.Rows(view, view.Schema.Where(column => !column.IsHidden && !own.Contains(column.Name)));
    }
}

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Searches whose trainings take a moment.</summary>
internal static class TinySearch
{
    private static readonly string[] Texts = ["the cat sat on the mat", "a small bird sang in the old tree", "one two three four five"];

    public static TransformerConfig Network(int width) => new()
    {
        Name = $"width {width}", LayerCount = 1, HeadCount = 2, EmbeddingSize = width, FeedForwardSize = 2 * width, ContextLength = 16,
    };

    public static SearchOptions Tiny(Action<SearchOptions>? change = null)
    {
        var options = new SearchOptions
        {
            Trainer = new TrainerOptions
            {
                Network = Network(16), Tokenizer = TokenizerSource.Bytes(), MaxSteps = 18, BatchSize = 2, ProgressInterval = 1,
                Device = "cpu",
            },
            Space = new SearchSpace().Range("LearningRate", 1e-4, 1e-1, logarithmic: true).Range("BatchSize", 2, 4),
            Metric = Loss(),
            MaxTrials = 5,
            EqualFlops = false,
            Seed = 7,
        };
        change?.Invoke(options);
        return options;
    }

    // The last training loss: what is measured of a model depends on its training alone.
    public static SearchMetric Loss(Action? before = null) => SearchMetric.Of("training loss", lm =>
    {
        before?.Invoke();
        return lm.TrainingResult!.FinalLoss;
    });

    // Each search has a context of its own.
    public static SearchResult Run(SearchOptions options)
    {
        var ml = new MLContext(1);
        return ml.MaskedDiffusion().Search(Rows(ml), options);
    }

    public static IDataView Rows(MLContext ml) => ml.Data.LoadFromEnumerable(TextRow.Make(Texts));

    public static float[] Weights(MaskedDiffusionModel model) =>
        [.. model.Network.Parameters.Values.SelectMany(weights => weights.data<float>().ToArray())];

    public static string[] Shown(SearchResult result) =>
    [
        .. result.Trials.SelectMany(trial => trial.Measurements.Select(measured =>
            $"{trial.Number} {string.Join(' ', trial.Values.Values)} {measured.Rung} {measured.Steps} {measured.Metric:R}")),
    ];
}


namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Scoring and filling stopped before, between and within batches; what is asked again afterwards gives what it always gave.
/// </summary>
[TestClass]
public sealed class CancellationTests
{
    private static readonly MaskedDiffusionModel Model = TinyModel.Create();

    private readonly MLContext _ml = new(1);

    [ClassCleanup]
    public static void Free() => Model.Dispose();

    // A transform that tells its progress and hears its token, as a view of rows that each hold what any of them needs.
    private Func<IProgress<ScoringProgress>?, CancellationToken, IDataView> View(string kind)
    {
        IDataView texts = _ml.Data.LoadFromEnumerable(TextRow.Make([.. Enumerable.Range(0, 40).Select(i => $"the [MASK] number {i}")]));
        IDataView questions = _ml.Data.LoadFromEnumerable(Enumerable.Range(0, 40)
            .Select(i => new ChoiceScoringTests.Question { Number = i, Context = $"the {i}", Choices = ["one", "two"] }).ToList());
        LikelihoodOptions likelihood = new() { Samples = 8 };
        return (progress, token) => kind switch
        {
            "likelihood" => _ml.MaskedDiffusion().ScoreLikelihood(Model, new LikelihoodScoringOptions
            {
                BatchSize = 4, Likelihood = likelihood, Progress = progress, CancellationToken = token,
            }).Fit(texts).Transform(texts),
            "choices" => _ml.MaskedDiffusion().ScoreChoices(Model, new ChoiceScoringOptions
            {
                ChoiceCount = 2, BatchSize = 4, Likelihood = likelihood, Progress = progress, CancellationToken = token,
            }).Fit(questions).Transform(questions),
            _ => _ml.MaskedDiffusion().Infill(Model, new InfillOptions { BatchSize = 4, Progress = progress, CancellationToken = token })
            .Fit(texts).Transform(texts),
        };
    }

    private static string OutputOf(string kind) =>
        kind switch { "likelihood" => "NegativeLogLikelihood", "choices" => "PredictedLabel", _ => "Filled" };

    // Reads the computed column of all rows.
    private static int Read(IDataView view, string kind)
    {
        DataViewSchema.Column column = view.Schema[OutputOf(kind)];
        using DataViewRowCursor cursor = view.GetRowCursor([column]);
        Action read = kind switch
        {
            "likelihood" => Getter<float>(cursor, column),
            "choices" => Getter<uint>(cursor, column),
            _ => Getter<ReadOnlyMemory<char>>(cursor, column),
        };
        int rows = 0;
        for (; cursor.MoveNext(); rows++)
            read();
        return rows;
    }

    private static Action Getter<T>(DataViewRowCursor cursor, DataViewSchema.Column column)
    {
        ValueGetter<T> getter = cursor.GetGetter<T>(column);
        T value = default!;
        return () => getter(ref value);
    }

    [TestMethod]
    [DataRow("likelihood")]
    [DataRow("choices")]
    [DataRow("infill")]
    public void StopsBeforehand(string kind)
    {
        IDataView view = View(kind)(null, new CancellationToken(canceled: true));
        Assert.ThrowsExactly<OperationCanceledException>(() => Read(view, kind));
    }

    [TestMethod]
    [DataRow("likelihood")]
    [DataRow("choices")]
    [DataRow("infill")]
    public void StopsBetweenBatches(string kind)
    {
        using var source = new CancellationTokenSource();
        var progress = new Collected<ScoringProgress>(report => { if (report.RowCount >= 8) source.Cancel(); });
        IDataView view = View(kind)(progress, source.Token);
        Assert.ThrowsExactly<OperationCanceledException>(() => Read(view, kind));
        Assert.AreEqual(8, progress.Reports[^1].RowCount, "no batch after the one it was stopped at");
        Assert.AreEqual(40, Read(View(kind)(null, CancellationToken.None), kind), "the model serves on");
    }

    [TestMethod]
    public void CountingOptionsCanBeStopped()
    {
        IDataView questions = _ml.Data.LoadFromEnumerable(ChoiceScoringTests.Questions);
        ChoiceScoringOptions options = ChoiceScoringTests.Fast();
        options.CancellationToken = new CancellationToken(canceled: true);
        Assert.ThrowsExactly<OperationCanceledException>(() => _ml.MaskedDiffusion().ScoreChoices(Model, options).Fit(questions));
    }
}

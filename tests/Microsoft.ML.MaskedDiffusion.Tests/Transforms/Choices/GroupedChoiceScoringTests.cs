using Microsoft.ML.MaskedDiffusion.DataViews;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Multiple choice with an option a row: the vector form's bits, groups never parted, rows out of place refused.</summary>
[TestClass]
public sealed class GroupedChoiceScoringTests
{
    private sealed class Option
    {
        public int Number { get; set; }

        public string Group { get; set; } = "";

        public string Context { get; set; } = "";

        public string Choice { get; set; } = "";
    }

    private sealed record Scored
    {
        public int Number { get; set; }

        public float Score { get; set; }

        public float StandardError { get; set; }

        public float LogLikelihood { get; set; }

        public float LogLikelihoodPerCharacter { get; set; }

        public float LogLikelihoodPerByte { get; set; }

        public float Probability { get; set; }

        public bool PredictedLabel { get; set; }
    }

    private static readonly MaskedDiffusionModel Model = TinyModel.Create(8);

    // The questions of the vector form's tests, an option a row; the empty option among them.
    private static readonly List<Option> Options =
        [.. ChoiceScoringTests.Questions.SelectMany(q => q.Choices.Select(choice => (q, choice)))
            .Select((row, i) => new Option { Number = i, Group = $"q{row.q.Number}", Context = row.q.Context, Choice = row.choice })];

    private readonly MLContext _ml = new(1);

    [ClassCleanup]
    public static void Free() => Model.Dispose();

    private static GroupedChoiceScoringOptions Fast(int batchSize = 3, ChoiceNormalization normalization = ChoiceNormalization.None,
        LikelihoodOptions? likelihood = null) =>
        new() { BatchSize = batchSize, Normalization = normalization, Likelihood = likelihood ?? new() { Samples = 8 } };

    private IDataView View(List<Option>? rows = null) => _ml.Data.LoadFromEnumerable(rows ?? Options);

    private IDataView Score(GroupedChoiceScoringOptions options, IDataView? view = null) =>
        _ml.MaskedDiffusion().ScoreChoices(Model, options).Fit(view ?? View()).Transform(view ?? View());

    private static Scored[] Read(IDataView view) => [.. new MLContext().Data.CreateEnumerable<Scored>(view, reuseRowObject: false)];

    // The vector form's figures of the same options.
    private Scored[] Expected(GroupedChoiceScoringOptions options)
    {
        IDataView questions = _ml.Data.LoadFromEnumerable(ChoiceScoringTests.Questions);
        ChoiceScoringTests.Scored[] vectors = ChoiceScoringTests.Read(_ml.MaskedDiffusion()
            .ScoreChoices(Model, new ChoiceScoringOptions { Normalization = options.Normalization, Likelihood = options.Likelihood })
            .Fit(questions).Transform(questions));
        int number = 0;
        return [.. vectors.SelectMany((row, q) => Enumerable.Range(0, ChoiceScoringTests.Questions[q].Choices.Length).Select(i => new Scored
        {
            Number = number++, Score = row.Score[i], StandardError = row.StandardError[i], LogLikelihood = row.LogLikelihood[i],
            LogLikelihoodPerCharacter = row.LogLikelihoodPerCharacter[i], LogLikelihoodPerByte = row.LogLikelihoodPerByte[i],
            Probability = row.Probability[i], PredictedLabel = row.PredictedLabel == i + 1,
        }))];
    }

    [TestMethod]
    [DataRow("ExactCount", ChoiceNormalization.None, 0)]
    [DataRow("MonteCarlo", ChoiceNormalization.PerByte, 0.5)]
    [DataRow("ChainRule", ChoiceNormalization.PerCharacter, 0)]
    public void TheFiguresAreTheVectorFormsBitsInEveryBatchAndThread(string estimator, ChoiceNormalization normalization, double guidance)
    {
        LikelihoodOptions likelihood = new() { Method = LikelihoodMethod.FromName(estimator), Samples = 8, GuidanceScale = guidance };
        Scored[] expected = Expected(Fast(3, normalization, likelihood));
        foreach (int batchSize in new[] { 1, 2, 3, 7, 100 })
            CollectionAssert.AreEqual(expected, Read(Score(Fast(batchSize, normalization, likelihood))));
        GroupedChoiceScoringTransformer transformer = _ml.MaskedDiffusion().ScoreChoices(Model, Fast(2, normalization, likelihood))
            .Fit(View());
        Parallel.For(0, 3, _ => CollectionAssert.AreEqual(expected, Read(transformer.Transform(View()))));
        // Groups in another order; within each the options keep theirs.
        List<Option> reversed = [.. Options.GroupBy(row => row.Group).Reverse().SelectMany(group => group)];
        CollectionAssert.AreEqual(expected, Read(Score(Fast(4, normalization, likelihood), View(reversed))).OrderBy(row => row.Number)
            .ToArray());
    }

    [TestMethod]
    public void AnAdaptiveBudgetSeesTheWholeQuestion()
    {
        LikelihoodOptions likelihood = new() { Samples = 8, SeparationZ = 2, MaxSamples = 64 };
        CollectionAssert.AreEqual(Expected(Fast(likelihood: likelihood)), Read(Score(Fast(likelihood: likelihood))));
    }

    [TestMethod]
    public void GroupsMayBeKeysNumbersOrDates()
    {
        Scored[] expected = Read(Score(Fast()));
        IDataView keys = _ml.Transforms.Conversion.MapValueToKey("Group").Fit(View()).Transform(View());
        CollectionAssert.AreEqual(expected, Read(Score(Fast(), keys)));
        IDataView dates =
            _ml.Data.LoadFromEnumerable(Options.Select(row =>
                new { row.Number, row.Context, row.Choice, Group = new DateTime(2024, 1, 1).AddTicks(row.Group[1]) }).ToList());
        CollectionAssert.AreEqual(expected, Read(Score(Fast(), dates)), "a tick apart is another date");
    }

    [TestMethod]
    public void RowsOfAGroupApartAreRefused()
    {
        List<Option> rows = [.. Options, new() { Number = 99, Group = "q0", Context = "the cat sat on", Choice = "a door" }];
        string message = Unwrapped.Throws<InvalidDataException>(() => Read(Score(Fast(), View(rows)))).Message;
        StringAssert.Contains(message, "Group 'q0' of column 'Group' comes again");
        StringAssert.Contains(message, "Sort the data");
        // A fresh pass begins anew, and the rows before the fault can be read.
        IDataView scored = Score(Fast(1), View(rows));
        for (int pass = 0; pass < 2; pass++)
            Assert.AreEqual(5, Read(_ml.Data.TakeRows(scored, 5)).Length);
    }

    [TestMethod]
    public void RowsOfAGroupWithOtherContextsAreRefused()
    {
        List<Option> rows = [new() { Group = "a", Context = "one two", Choice = "three" },
            new() { Group = "a", Context = "one", Choice = "four" }];
        string message = Unwrapped.Throws<InvalidDataException>(() => Read(Score(Fast(), View(rows)))).Message;
        StringAssert.Contains(message, "Group 'a'");
        StringAssert.Contains(message, "\"one two\" and \"one\"");
    }

    [TestMethod]
    public void AHugeGroupIsNoQuestion()
    {
        List<Option> rows = [.. Enumerable.Range(0, ChoiceScoringOptionsBase.MaximumChoices + 1)
            .Select(i => new Option { Number = i, Group = "all", Choice = $"{i}" })];
        StringAssert.Contains(Unwrapped.Throws<InvalidDataException>(() => Read(Score(Fast(), View(rows)))).Message, "has 4097 rows");
    }

    [TestMethod]
    public void SavedItIsLoadedWholeAndTheStockMappingSaysHow()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("choices.zip");
        GroupedChoiceScoringTransformer transformer = _ml.MaskedDiffusion()
            .ScoreChoices(Model, Fast(normalization: ChoiceNormalization.PerByte)).Fit(View());
        Scored[] expected = Read(transformer.Transform(View()));
        _ml.Model.Save(transformer, View().Schema, path);
        using (var loaded = (GroupedChoiceScoringTransformer)new MLContext().MaskedDiffusion().LoadModel(path, out _))
            CollectionAssert.AreEqual(expected, Read(loaded.Transform(View())));
        // ML.NET alone could only map single rows. That is said while it loads, and not at the first row.
        StringAssert.Contains(
            Unwrapped.Throws<NotSupportedException>(() => new MLContext().Model.Load(path, out _)).Message, "LoadModel");
    }

    [TestMethod]
    public void ItMapsNoSingleRowsAndIsNotShuffled()
    {
        ITransformer transformer = _ml.MaskedDiffusion().ScoreChoices(Model, Fast()).Fit(View());
        Assert.IsFalse(transformer.IsRowToRowMapper);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => transformer.GetRowToRowMapper(View().Schema)).Message,
            "prediction engine");
        IDataView scored = Score(Fast(), _ml.Data.Cache(View()));
        Assert.IsFalse(scored.CanShuffle);
        using DataViewRowCursor cursor = scored.GetRowCursor(scored.Schema, new Random(1));
        ValueGetter<int> number = cursor.GetGetter<int>(scored.Schema["Number"]);
        for (int i = 0, value = -1; cursor.MoveNext(); i++)
        {
            number(ref value);
            Assert.AreEqual((i, (long)i), (value, cursor.Position));
        }
    }

    [TestMethod]
    public void TheEstimatorPromisesWhatTheTransformerGives()
    {
        GroupedChoiceScoringEstimator estimator = _ml.MaskedDiffusion().ScoreChoices(Model, "Context", "Choice", "Group");
        SchemaShape promised = estimator.GetOutputSchema(SchemaShapes.Of(View().Schema)),
            given = SchemaShapes.Of(estimator.Fit(View()).GetOutputSchema(View().Schema));
        CollectionAssert.AreEqual(LikelihoodScoringTests.Describe(given), LikelihoodScoringTests.Describe(promised));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() =>
            _ml.MaskedDiffusion().ScoreChoices(Model, "Context", "Choice", "Nowhere").Fit(View())).Message, "group column 'Nowhere'");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() =>
            _ml.MaskedDiffusion().ScoreChoices(Model, "Context", "Number", "Group").Fit(View())).Message, "choice column 'Number'");
    }

    [TestMethod]
    public void ProgressCountsRowsOfWholeGroups()
    {
        var told = new List<ScoringProgress>();
        GroupedChoiceScoringOptions options = Fast(6);
        options.Progress = new Listener(told.Add);
        Read(Score(options));
        Assert.AreEqual(Options.Count, told[^1].RowCount);
        int[] ends = [.. Options.Select((row, i) => (row, i))
            .Where(pair => pair.i + 1 == Options.Count || Options[pair.i + 1].Group != pair.row.Group).Select(pair => pair.i + 1)];
        Assert.IsTrue(told.All(report => ends.Contains((int)report.RowCount)), string.Join(' ', told));
        options.CancellationToken = new CancellationToken(canceled: true);
        Assert.ThrowsExactly<OperationCanceledException>(() => Read(Score(options)));
    }

    private sealed class Listener(Action<ScoringProgress> hear) : IProgress<ScoringProgress>
    {
        public void Report(ScoringProgress value) => hear(value);
    }
}

using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class LikelihoodScoringTests
{
    private static readonly MaskedDiffusionModel Model = TinyModel.Create();

    private static readonly List<TextRow> Rows = TextRow.Make(
        "the cat sat", "a bird in the old tree", "", "   ", "seven",
        "the river runs to the sea and the sea is wide and the cat sat on the mat by the door of the old house",
        "ten", "the cat sat", "Ünïcödé 漢字 🙂", "one two");

    private readonly MLContext _ml = new(1);

    [ClassCleanup]
    public static void Free() => Model.Dispose();

    private static LikelihoodScoringOptions Fast(int batchSize = 4) =>
        new() { BatchSize = batchSize, Likelihood = new LikelihoodOptions { Samples = 8 } };

    private IDataView View() => _ml.Data.LoadFromEnumerable(Rows);

    private IDataView Score(LikelihoodScoringOptions options, IDataView? view = null) =>
        _ml.MaskedDiffusion().ScoreLikelihood(Model, options).Fit(view ?? View()).Transform(view ?? View());

    [TestMethod]
    public void ARowHasTheSameScoreInEveryBatchOrderThreadAndEngine()
    {
        LikelihoodRow[] expected = LikelihoodRow.Read(_ml, Score(Fast(1)));
        foreach (int batchSize in new[] { 2, 3, 64 })
            CollectionAssert.AreEqual(expected, LikelihoodRow.Read(_ml, Score(Fast(batchSize))));
        CollectionAssert.AreEqual(expected, LikelihoodRow.Read(_ml, Score(Fast(), _ml.Data.ShuffleRows(View(), seed: 2))));
        CollectionAssert.AreEqual(expected,
            LikelihoodRow.Read(_ml, Score(Fast(), _ml.Data.LoadFromEnumerable(Rows.AsEnumerable().Reverse()))));
        using LikelihoodScoringTransformer transformer = _ml.MaskedDiffusion().ScoreLikelihood(Model, Fast()).Fit(View());
        Parallel.For(0, 4, _ =>
        {
            CollectionAssert.AreEqual(expected, LikelihoodRow.Read(new MLContext(), transformer.Transform(View())));
            using PredictionEngine<TextRow, LikelihoodRow> engine =
                new MLContext().Model.CreatePredictionEngine<TextRow, LikelihoodRow>(transformer);
            CollectionAssert.AreEqual(expected, Rows.Select(engine.Predict).ToArray());
        });
        Assert.AreEqual(expected[0] with { Number = 7 }, expected[7], "equal texts have equal scores");
    }

    [TestMethod]
    [DataRow(InvalidRows.Throw)]
    [DataRow(InvalidRows.Skip)]
    public void EnumerateEndsAtALongTextAlsoWhereBadRowsAreSkipped(InvalidRows invalid)
    {
        LikelihoodScoringOptions options = Fast();
        (options.InvalidRows, options.Likelihood.Method) = (invalid, LikelihoodMethod.Enumerate);
        IDataView view = _ml.Data.LoadFromEnumerable(TextRow.Make("ten", Rows[5].Text));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => LikelihoodRow.Read(_ml, Score(options, view))).Message,
            "Enumerate takes at most 16 tokens. Use ExactCount");
    }

    [TestMethod]
    public void AScoreIsWhatTheScorerSaysOfTheDocument()
    {
        LikelihoodRow row = LikelihoodRow.Read(_ml, Score(Fast()))[1];
        int[] text = Model.Tokenizer.Encode(Rows[1].Text);
        LikelihoodEstimate expected = new MaskedDiffusionScorer(new NetworkEvaluator(Model.Network), Fast().Likelihood)
            .Score([new LikelihoodRequest([Model.Tokenizer.EndOfSequenceId!.Value], text)])[0];
        Assert.AreEqual(((float)-expected.LogLikelihood, (float)expected.StandardError, text.Length),
            (row.NegativeLogLikelihood, row.NegativeLogLikelihoodStandardError, row.TokenCount));
    }

    [TestMethod]
    public void AnEmptyTextIsCertainAndWhiteSpaceIsText()
    {
        LikelihoodRow[] rows = LikelihoodRow.Read(_ml, Score(Fast()));
        Assert.AreEqual(new LikelihoodRow { Number = 2 }, rows[2]);
        Assert.IsGreaterThan(0, rows[3].TokenCount);
        Assert.IsGreaterThan(0f, rows[3].NegativeLogLikelihood);
    }

    [TestMethod]
    [DataRow(null)]
    [DataRow(5)]
    [DataRow(TinyModel.ContextLength - 1)]
    public void LongTextsAreScoredWholeInWindows(int? stride)
    {
        string text = Rows[5].Text;
        int[] ids = Model.Tokenizer.Encode(text);
        Assert.IsGreaterThan(TinyModel.ContextLength, ids.Length);
        var chainRule = new LikelihoodOptions { Method = LikelihoodMethod.ChainRule };
        var options = new LikelihoodScoringOptions { Stride = stride, Likelihood = chainRule };
        LikelihoodRow row = LikelihoodRow.Read(_ml, Score(options, _ml.Data.LoadFromEnumerable(TextRow.Make(text))))[0];
        Assert.AreEqual((ids.Length, 0f), (row.TokenCount, row.NegativeLogLikelihoodStandardError));

        // By hand: the first window holds the start and 23 tokens; later ones end at most a stride further.
        int step = stride ?? TinyModel.ContextLength / 2;
        int[] whole = [Model.Tokenizer.EndOfSequenceId!.Value, .. ids];
        var scorer = new MaskedDiffusionScorer(new NetworkEvaluator(Model.Network), options.Likelihood);
        double expected = -scorer.Score([new LikelihoodRequest(whole[..1], whole[1..TinyModel.ContextLength])])[0].LogLikelihood;
        for (int done = TinyModel.ContextLength; done < whole.Length; done += step)
        {
            int end = Math.Min(whole.Length, done + step);
            expected -= scorer.Score([new LikelihoodRequest(whole[(end - TinyModel.ContextLength)..done],
                whole[done..end])])[0].LogLikelihood;
        }
        Assert.AreEqual((float)expected, row.NegativeLogLikelihood);
    }

    [TestMethod]
    public void WindowsScoreEachTokenOnceWithinTheContext()
    {
        for (int length = 0; length < 40; length++)
        {
            for (int start = 0; start < 2; start++)
            {
                for (int stride = 1; stride < 8; stride++)
                {
                    int[] text = [.. Enumerable.Range(100, length)];
                    LikelihoodRequest[] windows = [.. TextWindows.Of(new int[start], text, 8, stride)];
                    CollectionAssert.AreEqual(text, windows.SelectMany(window => window.Answer).ToArray());
                    Assert.IsTrue(windows.All(window => window.Context.Length + window.Answer.Length <= 8));
                    foreach (LikelihoodRequest window in windows.Skip(1))
                        Assert.AreEqual((8, window.Answer[0] - 1), (window.Context.Length + window.Answer.Length, window.Context[^1]));
                }
            }
        }
    }

    [TestMethod]
    public void TheEstimatorPromisesWhatTheTransformerGives()
    {
        LikelihoodScoringEstimator estimator = _ml.MaskedDiffusion().ScoreLikelihood(Model);
        SchemaShape promised = estimator.GetOutputSchema(SchemaShapes.Of(View().Schema)),
            given = SchemaShapes.Of(estimator.Fit(View()).GetOutputSchema(View().Schema));
        CollectionAssert.AreEqual(Describe(given), Describe(promised));
        CollectionAssert.AreEqual(new[] { "Number", "Text", "NegativeLogLikelihood", "NegativeLogLikelihoodStandardError", "TokenCount",
            "NegativeLogLikelihoodPerCharacter", "NegativeLogLikelihoodPerByte" }, promised.Select(c => c.Name).ToArray());
    }

    internal static string[] Describe(SchemaShape shape) => [.. shape.Select(c => $"{c.Name} {c.Kind} {c.ItemType} {c.IsKey}")];

    [TestMethod]
    public void MissingAndMistypedColumnsAreNamed()
    {
        foreach ((string column, string expected) in new[] { ("Nowhere", "no such column"), ("Number", "got Int32") })
        {
            LikelihoodScoringEstimator estimator = _ml.MaskedDiffusion().ScoreLikelihood(Model, column);
            foreach (Action action in new Action[]
            {
                () => estimator.Fit(View()),
                () => estimator.GetOutputSchema(SchemaShapes.Of(View().Schema)),
                () => new EstimatorChain<ITransformer>().Append(estimator).Fit(View()),
            })
            {
                string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(action).Message;
                StringAssert.Contains(message, $"text column '{column}'");
                StringAssert.Contains(message, expected);
            }
        }
        LikelihoodScoringTransformer transformer = _ml.MaskedDiffusion().ScoreLikelihood(Model).Fit(View());
        IDataView other = _ml.Transforms.DropColumns("Text").Fit(View()).Transform(View());
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => transformer.Transform(other));
    }

    [TestMethod]
    public void EachInvalidOptionIsNamedWithItsValue()
    {
        void Refused(Action<LikelihoodScoringOptions> change, string option, string? value = null)
        {
            var options = new LikelihoodScoringOptions();
            change(options);
            string message = Unwrapped.Throws<ArgumentException>(() => new LikelihoodScoringEstimator(Model, options)).Message;
            StringAssert.Contains(message, option);
            StringAssert.Contains(message, value ?? "");
        }
        Refused(o => o.TextColumnName = "", "TextColumnName");
        Refused(o => o.TextColumnName = null!, "TextColumnName", "null");
        Refused(o => o.NegativeLogLikelihoodColumnName = " ", "NegativeLogLikelihoodColumnName");
        Refused(o => o.TokenCountColumnName = "NegativeLogLikelihood", "TokenCountColumnName", "both 'NegativeLogLikelihood'");
        Refused(o => o.StandardErrorColumnName = "", "StandardErrorColumnName");
        Refused(o => o.PerCharacterColumnName = "TokenCount", "PerCharacterColumnName", "both 'TokenCount'");
        Refused(o => o.PerByteColumnName = "", "PerByteColumnName");
        Refused(o => o.ContextColumnName = " ", "ContextColumnName");
        Refused(o => o.Separator = null!, "Separator");
        Refused(o => o.ContextOverflow = ContextOverflow.KeepEnd, "ContextOverflow is KeepEnd", "ContextColumnName");
        Refused(o => o.Stride = 0, "Stride is 0", "1 to 23");
        Refused(o => o.Stride = TinyModel.ContextLength, "Stride is 24");
        Refused(o => o.BatchSize = 0, "BatchSize is 0");
        Refused(o => o.Likelihood = null!, "Likelihood");
        Refused(o => o.Likelihood.Samples = 1, "Samples is 1");
        Assert.ThrowsExactly<ArgumentNullException>(() => new LikelihoodScoringEstimator(null!));
    }

    [TestMethod]
    public void OptionsHaveTheirDefaultsAndAreCopied()
    {
        var options = new LikelihoodScoringOptions();
        Assert.AreEqual(("Text", "NegativeLogLikelihood", "NegativeLogLikelihoodStandardError", "TokenCount", null, 64),
            (options.TextColumnName, options.NegativeLogLikelihoodColumnName, options.StandardErrorColumnName, options.TokenCountColumnName,
                options.Stride, options.BatchSize));
        LikelihoodScoringEstimator estimator = _ml.MaskedDiffusion().ScoreLikelihood(Model, options);
        options.TextColumnName = "Other";
        options.Likelihood.Samples = -1;
        Assert.AreEqual(7, estimator.Fit(View()).GetOutputSchema(View().Schema).Count);
    }

    [TestMethod]
    public void ProgressIsToldAndCancellationHeard()
    {
        using var source = new CancellationTokenSource();
        var told = new List<ScoringProgress>();
        LikelihoodScoringOptions options = Fast();
        options.CancellationToken = source.Token;
        options.Progress = new Listener(told.Add);
        LikelihoodRow.Read(_ml, Score(options));
        CollectionAssert.AreEqual(new ScoringProgress[] { new(4, 10), new(8, 10), new(10, 10) }, told);
        source.Cancel();
        Assert.ThrowsExactly<OperationCanceledException>(() => LikelihoodRow.Read(_ml, Score(options)));
        using PredictionEngine<TextRow, LikelihoodRow> engine = _ml.Model.CreatePredictionEngine<TextRow, LikelihoodRow>(
            _ml.MaskedDiffusion().ScoreLikelihood(Model, options).Fit(View()));
        Unwrapped.Throws<OperationCanceledException>(() => engine.Predict(Rows[0]));
    }

    [TestMethod]
    public void OnlyAnOwnerDisposesTheModel()
    {
        MaskedDiffusionModel model = TinyModel.Create();
        using (LikelihoodScoringTransformer borrower = _ml.MaskedDiffusion().ScoreLikelihood(model, Fast()).Fit(View()))
            LikelihoodRow.Read(_ml, borrower.Transform(View()));
        var owner = new LikelihoodScoringTransformer(model, Fast(), ownsModel: true);
        LikelihoodRow[] expected = LikelihoodRow.Read(_ml, owner.Transform(View()));

        using (PredictionEngine<TextRow, LikelihoodRow> guest = _ml.Model.CreatePredictionEngine<TextRow, LikelihoodRow>(owner,
            new PredictionEngineOptions { OwnsTransformer = false }))
            Assert.AreEqual(expected[0], guest.Predict(Rows[0]));
        CollectionAssert.AreEqual(expected, LikelihoodRow.Read(_ml, owner.Transform(View())));

        // ML.NET's default: the engine takes the transformer with it.
        using (PredictionEngine<TextRow, LikelihoodRow> heir = _ml.Model.CreatePredictionEngine<TextRow, LikelihoodRow>(owner))
            Assert.AreEqual(expected[0], heir.Predict(Rows[0]));
        Unwrapped.Throws<ObjectDisposedException>(() => LikelihoodRow.Read(_ml, owner.Transform(View())));
        owner.Dispose();
    }

    [TestMethod]
    public void ScoringLeavesNoTensorsBehind()
    {
        IDataView scored = Score(Fast(2));
        LikelihoodRow.Read(_ml, scored);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int pass = 0; pass < 10; pass++)
            LikelihoodRow.Read(_ml, scored);
        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private sealed class Listener(Action<ScoringProgress> hear) : IProgress<ScoringProgress>
    {
        public void Report(ScoringProgress value) => hear(value);
    }
}

using System.Text;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Likelihoods of a text column after a context column.</summary>
[TestClass]
public sealed class ContinuationScoringTests
{
    private sealed class Pair
    {
        public int Number { get; set; }

        public string Prompt { get; set; } = "";

        public string Answer { get; set; } = "";
    }

    private sealed record Scored
    {
        public int Number { get; set; }

        public float NegativeLogLikelihood { get; set; }

        public float NegativeLogLikelihoodStandardError { get; set; }

        public int TokenCount { get; set; }

        public float NegativeLogLikelihoodPerCharacter { get; set; }

        public float NegativeLogLikelihoodPerByte { get; set; }
    }

    private static readonly MaskedDiffusionModel Model = TinyModel.Create(), Autoregressive = TinyAutoregressiveModel.Create();

    private static readonly List<Pair> Pairs = Make(
        ("the cat sat", "on the mat"), ("the cat sat", "by the door"), ("", "a bird in the old tree"), ("one two", ""), ("Ünï ", "漢字 🙂"),
        ("the cat sat", "on the mat"),
        ("the river runs to the sea", "and is wide"));

    private readonly MLContext _ml = new(1);

    [ClassCleanup]
    public static void Free()
    {
        Model.Dispose();
        Autoregressive.Dispose();
    }

    private static List<Pair> Make(params (string Prompt, string Answer)[] pairs) =>
        [.. pairs.Select((pair, i) => new Pair { Number = i, Prompt = pair.Prompt, Answer = pair.Answer })];

    private static LikelihoodScoringOptions Options(Action<LikelihoodScoringOptions>? change = null)
    {
        var options = new LikelihoodScoringOptions
        {
            TextColumnName = "Answer",
            ContextColumnName = "Prompt",
            BatchSize = 3,
            Likelihood = new() { Samples = 8 },
        };
        change?.Invoke(options);
        return options;
    }

    private IDataView View(List<Pair>? rows = null) => _ml.Data.LoadFromEnumerable(rows ?? Pairs);

    private static Scored[] Read(IDataView view) =>
        [.. new MLContext().Data.CreateEnumerable<Scored>(view, reuseRowObject: false).OrderBy(row => row.Number)];

    private Scored[] Score(LikelihoodScoringOptions options, List<Pair>? rows = null, MaskedDiffusionModel? model = null) =>
        Read(_ml.MaskedDiffusion().ScoreLikelihood(model ?? Model, options).Fit(View(rows)).Transform(View(rows)));

    [TestMethod]
    public void AScoreIsWhatTheScorerSaysOfTheContinuation()
    {
        Scored[] rows = Score(Options());
        var scorer = new MaskedDiffusionScorer(new NetworkEvaluator(Model.Network), new() { Samples = 8 });
        for (int i = 0; i < rows.Length; i++)
        {
            Pair pair = Pairs[i];
            if (pair.Answer.Length == 0)
            {
                Assert.AreEqual(new Scored { Number = i }, rows[i], "nothing follows: certain, and the batch goes on");
                continue;
            }
            var tokens = Model.Tokenizer.EncodeContinuation(pair.Prompt, (pair.Prompt.Length == 0 ? "" : " ") + pair.Answer);
            LikelihoodEstimate expected =
                scorer.Score([new LikelihoodRequest([Model.Tokenizer.EndOfSequenceId!.Value, .. tokens.Context], tokens.Continuation)])[0];
            Assert.AreEqual(((float)-expected.LogLikelihood, (float)expected.StandardError, tokens.Continuation.Length),
                (rows[i].NegativeLogLikelihood, rows[i].NegativeLogLikelihoodStandardError, rows[i].TokenCount));
            Assert.AreEqual((float)(-expected.LogLikelihood / pair.Answer.EnumerateRunes().Count()),
                rows[i].NegativeLogLikelihoodPerCharacter);
            Assert.AreEqual((float)(-expected.LogLikelihood / Encoding.UTF8.GetByteCount(pair.Answer)),
                rows[i].NegativeLogLikelihoodPerByte);
        }
        Assert.AreEqual(rows[0] with { Number = 5 }, rows[5]);
    }

    [TestMethod]
    [DataRow("ExactCount")]
    [DataRow("MonteCarlo")]
    [DataRow("ChainRule")]
    public void ARowHasTheSameScoreInEveryBatchOrderThreadAndEngine(string estimator)
    {
        LikelihoodScoringOptions With(int batch) =>
            Options(o => (o.BatchSize, o.Likelihood.Method) = (batch, LikelihoodMethod.FromName(estimator)));
        Scored[] expected = Score(With(1));
        CollectionAssert.AreEqual(expected, Score(With(64)));
        CollectionAssert.AreEqual(expected, Score(With(4), [.. Pairs.AsEnumerable().Reverse()]));
        LikelihoodScoringTransformer transformer = _ml.MaskedDiffusion().ScoreLikelihood(Model, With(5)).Fit(View());
        Parallel.For(0, 3, _ =>
        {
            CollectionAssert.AreEqual(expected, Read(transformer.Transform(View())));
            using PredictionEngine<Pair, Scored> engine = new MLContext().Model.CreatePredictionEngine<Pair, Scored>(transformer);
            CollectionAssert.AreEqual(expected, Pairs.Select(engine.Predict).ToArray());
        });
    }

    [TestMethod]
    public void AnEmptyContextIsADocument()
    {
        Scored row = Score(Options(o => o.Separator = "; "))[2];
        Scored document = Read(_ml.MaskedDiffusion()
            .ScoreLikelihood(Model, new LikelihoodScoringOptions { TextColumnName = "Answer", Likelihood = new() { Samples = 8 } })
            .Fit(View()).Transform(View()))[2];
        Assert.AreEqual(document, row);
    }

    [TestMethod]
    public void ASeparatorOfItsOwnIsScoredWithTheText()
    {
        static string Joined(Pair pair) => pair.Prompt.Length == 0 || pair.Answer.Length == 0 ? pair.Answer : ", " + pair.Answer;
        List<Pair> joined = [.. Pairs.Select(pair => new Pair { Number = pair.Number, Prompt = pair.Prompt, Answer = Joined(pair) })];
        Scored[] separated = Score(Options(o => o.Separator = ", ")), written = Score(Options(o => o.Separator = ""), joined);
        CollectionAssert.AreEqual(written.Select(row => row.NegativeLogLikelihood).ToArray(),
            separated.Select(row => row.NegativeLogLikelihood).ToArray());
    }

    [TestMethod]
    public void ARowTooLongIsAnErrorOrKeepsTheContextsEnd()
    {
        string context = string.Concat(Enumerable.Repeat("seven eight nine ", 20)) + "by the old tree";
        List<Pair> rows = Make((context, "the sea"));
        string message = Unwrapped.Throws<ArgumentException>(() => Score(Options(), rows)).Message;
        StringAssert.Contains(message, "column 'Answer'");
        StringAssert.Contains(message, "at most 24");
        StringAssert.Contains(message, "KeepEnd");

        int[] ids = Model.Tokenizer.EncodeContinuation(context, " the sea").Context,
            answer = Model.Tokenizer.EncodeContinuation(context, " the sea").Continuation;
        LikelihoodOptions exact = new() { Method = LikelihoodMethod.ChainRule };
        var scorer = new MaskedDiffusionScorer(new NetworkEvaluator(Model.Network), exact);
        double expected = -scorer.Score([new LikelihoodRequest(ids[^(24 - answer.Length)..], answer)])[0].LogLikelihood;
        Assert.AreEqual((float)expected,
            Score(Options(o => (o.ContextOverflow, o.Likelihood) = (ContextOverflow.KeepEnd, exact)), rows)[0].NegativeLogLikelihood);

        // A text that is too long by itself: windows of 24 tokens, seven new ones each.
        string text = string.Concat(Enumerable.Repeat("one two ", 20)) + "ten";
        Scored windowed = Score(Options(o => (o.ContextOverflow, o.Likelihood, o.Stride) = (ContextOverflow.KeepEnd, exact, 7)),
            Make((context, text)))[0];
        var tokens = Model.Tokenizer.EncodeContinuation(context, " " + text);
        int[] whole = [.. tokens.Context, .. tokens.Continuation];
        double sum = 0;
        for (int done = tokens.Context.Length; done < whole.Length; done += 7)
        {
            int end = Math.Min(whole.Length, done + 7);
            sum -= scorer.Score([new LikelihoodRequest(whole[(end - 24)..done], whole[done..end])])[0].LogLikelihood;
        }
        Assert.AreEqual(((float)sum, tokens.Continuation.Length), (windowed.NegativeLogLikelihood, windowed.TokenCount));
    }

    [TestMethod]
    public void SavedAndLoadedTheScoresAreTheSame()
    {
        foreach (MaskedDiffusionModel model in new[] { Model, Autoregressive })
        {
            // One of the optional columns is left out.
            LikelihoodScoringTransformer transformer = _ml.MaskedDiffusion()
                .ScoreLikelihood(model, Options(o => o.PerByteColumnName = null)).Fit(View());
            IDataView expected = transformer.Transform(View());
            using var stream = new MemoryStream();
            _ml.Model.Save(transformer, View().Schema, stream);
            stream.Position = 0;
            ITransformer loaded = new MLContext().Model.Load(stream, out _);
            using var unwrapped = (LikelihoodScoringTransformer)_ml.MaskedDiffusion().Unwrap(loaded);
            foreach (ITransformer other in new[] { loaded, unwrapped })
            {
                IDataView view = other.Transform(View());
                CollectionAssert.AreEqual(expected.Schema.Select(column => column.Name).ToArray(),
                    view.Schema.Where(column => !column.IsHidden).Select(column => column.Name).ToArray());
                foreach (string column in new[] { "NegativeLogLikelihood", "NegativeLogLikelihoodStandardError",
                    "NegativeLogLikelihoodPerCharacter" })
                    CollectionAssert.AreEqual(expected.GetColumn<float>(column).ToArray(), view.GetColumn<float>(column).ToArray());
            }
        }
    }

    [TestMethod]
    public void AnAutoregressiveModelIsScoredExactly()
    {
        Scored[] rows = Score(Options(), model: Autoregressive);
        Assert.IsTrue(rows.All(row => row.NegativeLogLikelihoodStandardError == 0));
        // What a document's likelihood is, less its context's: the tokens of this one do not merge across the border.
        float Document(string text) =>
            _ml.MaskedDiffusion().ScoreLikelihood(Autoregressive).Fit(_ml.Data.LoadFromEnumerable(TextRow.Make(text)))
            .Transform(_ml.Data.LoadFromEnumerable(TextRow.Make(text))).GetColumn<float>("NegativeLogLikelihood").Single();
        Assert.AreEqual(Document("the cat sat on the mat") - Document("the cat sat"), rows[0].NegativeLogLikelihood, 1e-4,
            "a difference of sums of 32-bit figures");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() =>
            Score(Options(o => o.Likelihood.GuidanceScale = 1), model: Autoregressive)).Message, "autoregressive");
    }

    [TestMethod]
    public void MissingAndMistypedColumnsAreNamed()
    {
        foreach ((string column, string expected) in new[] { ("Nowhere", "no such column"), ("Number", "got Int32") })
        {
            string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() =>
                _ml.MaskedDiffusion().ScoreLikelihood(Model, "Answer", column).Fit(View())).Message;
            StringAssert.Contains(message, $"context column '{column}'");
            StringAssert.Contains(message, expected);
        }
    }
}

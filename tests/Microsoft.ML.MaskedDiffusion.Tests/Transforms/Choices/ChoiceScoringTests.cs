using System.Text;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class ChoiceScoringTests
{
    internal sealed class Question
    {
        public int Number { get; set; }

        public string Context { get; set; } = "";

        public string[] Choices { get; set; } = [];

        public float Label { get; set; }
    }

    internal sealed class Scored
    {
        public int Number { get; set; }

        public float[] Score { get; set; } = [];

        public float[] StandardError { get; set; } = [];

        public float[] LogLikelihood { get; set; } = [];

        public float[] LogLikelihoodPerCharacter { get; set; } = [];

        public float[] LogLikelihoodPerByte { get; set; } = [];

        public float[] Probability { get; set; } = [];

        public uint PredictedLabel { get; set; }

        public string PredictedText { get; set; } = "";

        // Shortest round-trip form: equal strings are equal bits.
        public override string ToString() =>
            $"{Number}: {string.Join(' ', Score)} | {string.Join(' ', StandardError)} | {string.Join(' ', LogLikelihood)} | "
            + $"{string.Join(' ', LogLikelihoodPerCharacter)} | {string.Join(' ', LogLikelihoodPerByte)} | "
            + $"{string.Join(' ', Probability)} | {PredictedLabel} {PredictedText}";
    }

    private static readonly MaskedDiffusionModel Model = TinyModel.Create(8);

    internal static readonly List<Question> Questions =
    [
        .. new (string Context, string[] Choices)[]
        {
            ("the cat sat on", ["the mat", "a river"]), ("one two", ["three", "seven", "ten"]),
            ("the river runs to", ["the sea", "the door", "the tree", "a bird"]),
            ("a small bird", ["sang", "sat", "lay", "runs", "is"]), ("the dog lay by", ["the door", "the old tree by the river"]),
            ("", ["wide", "old", "five"]),
            ("the cat sat on", ["the mat", "a river"]), ("four", ["five", "", "nine"]),
        }.Select((q, i) => new Question { Number = i, Context = q.Context, Choices = q.Choices, Label = i % q.Choices.Length }),
    ];

    private readonly MLContext _ml = new(1);

    [ClassCleanup]
    public static void Free() => Model.Dispose();

    internal static ChoiceScoringOptions Fast(int batchSize = 3) =>
        new() { BatchSize = batchSize, Likelihood = new LikelihoodOptions { Samples = 8 } };

    private IDataView View() => _ml.Data.LoadFromEnumerable(Questions);

    private IDataView Score(ChoiceScoringOptions options, IDataView? view = null) =>
        _ml.MaskedDiffusion().ScoreChoices(Model, options).Fit(view ?? View()).Transform(view ?? View());

    internal static Scored[] Read(IDataView view) =>
        [.. new MLContext().Data.CreateEnumerable<Scored>(view, reuseRowObject: false).OrderBy(row => row.Number)];

    private static string[] Text(IEnumerable<Scored> rows) => [.. rows.Select(row => row.ToString())];

    [TestMethod]
    public void ARowHasTheSameScoresInEveryBatchOrderThreadAndEngine()
    {
        string[] expected = Text(Read(Score(Fast(1))));
        foreach (int batchSize in new[] { 2, 64 })
            CollectionAssert.AreEqual(expected, Text(Read(Score(Fast(batchSize)))));
        CollectionAssert.AreEqual(expected, Text(Read(Score(Fast(), _ml.Data.ShuffleRows(View(), seed: 4)))));
        ChoiceScoringTransformer transformer = _ml.MaskedDiffusion().ScoreChoices(Model, Fast()).Fit(View());
        Parallel.For(0, 4, _ =>
        {
            CollectionAssert.AreEqual(expected, Text(Read(transformer.Transform(View()))));
            using PredictionEngine<Question, Scored> engine = new MLContext().Model.CreatePredictionEngine<Question, Scored>(transformer);
            CollectionAssert.AreEqual(expected, Text(Questions.Select(engine.Predict)));
        });
    }

    [TestMethod]
    public void ScoresBecomeProbabilitiesAndALabelAndWhatIsNotThereHasNone()
    {
        Scored[] rows = Read(Score(Fast()));
        for (int i = 0; i < rows.Length; i++)
        {
            Scored row = rows[i];
            string[] choices = Questions[i].Choices;
            Assert.AreEqual(5, row.Score.Length);
            int[] there = [.. Enumerable.Range(0, choices.Length).Where(c => choices[c].Length > 0)];
            double sum = there.Sum(c => Math.Exp(row.Score[c]));
            for (int c = 0; c < 5; c++)
            {
                if (there.Contains(c))
                {
                    // The softmax of scores rounded to Single: a few parts in a million.
                    Assert.AreEqual(Math.Exp(row.Score[c]) / sum, row.Probability[c], 1e-5);
                    Limit.Below(0f, row.Score[c]);
                }
                else
                    Assert.AreEqual((float.MinValue, 0f, 0f), (row.Score[c], row.StandardError[c], row.Probability[c]));
            }
            Assert.AreEqual(row.Probability.Max(), row.Probability[row.PredictedLabel - 1]);
        }
    }

    [TestMethod]
    public void AQuestionThatDoesNotFitNeedNotEndTheRun()
    {
        ChoiceScoringOptions options = Fast();
        List<Question> questions =
        [
            new() { Context = string.Concat(Enumerable.Repeat("the cat ", 40)), Choices = ["a", "b"] },
            new() { Number = 1, Context = "the", Choices = ["cat", "dog"] },
        ];
        IDataView view = _ml.Data.LoadFromEnumerable(questions);
        Unwrapped.Throws<ArgumentException>(() => Read(Score(options, view)));
        options.InvalidRows = InvalidRows.Skip;
        Scored[] rows = Read(Score(options, view));
        Assert.AreEqual((0u, ""), (rows[0].PredictedLabel, rows[0].PredictedText));
        float[] figures = [.. rows[0].Score, .. rows[0].StandardError, .. rows[0].Probability];
        Assert.HasCount(6, figures);
        Assert.IsTrue(figures.All(float.IsNaN), string.Join(' ', figures));
        Assert.IsGreaterThan(0u, rows[1].PredictedLabel);
        Assert.AreEqual(questions[1].Choices[(int)rows[1].PredictedLabel - 1], rows[1].PredictedText);
    }

    [TestMethod]
    public void AnOptionForWhichTheTokenizerHasNoTokenIsNamedAsOne()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("vocab.txt"), "[UNK]\n[CLS]\n[SEP]\n[MASK]\n[PAD]\nthe\ncat\ndog\n");
        using MaskedDiffusionModel model = TinyModel.Create(TextTokenizer.FromFile(folder.File("vocab.txt")), TinyModel.ContextLength);
        IDataView view = _ml.Data.LoadFromEnumerable(new[] { new Question { Context = "the", Choices = ["cat", " "] } });
        var error = Unwrapped.Throws<ArgumentException>(
            () => Read(_ml.MaskedDiffusion().ScoreChoices(model, Fast()).Fit(view).Transform(view)));
        StringAssert.Contains(error.Message, "The tokenizer has no token for one of the options in 'Choices' of the row \"the\"");
    }

    [TestMethod]
    public void NormalizationDividesByCharactersBytesOrTokens()
    {
        List<Question> questions = [new() { Context = "the", Choices = ["🙂 é", "cat"] }];
        Scored Of(ChoiceNormalization normalization)
        {
            ChoiceScoringOptions options = Fast();
            options.Normalization = normalization;
            return Read(Score(options, _ml.Data.LoadFromEnumerable(questions)))[0];
        }
        Scored plain = Of(ChoiceNormalization.None), characters = Of(ChoiceNormalization.PerCharacter),
            bytes = Of(ChoiceNormalization.PerByte), tokens = Of(ChoiceNormalization.PerToken);
        int[] lengths =
            [.. questions[0].Choices.Select(choice => Model.Tokenizer.EncodeContinuation("the", " " + choice).Continuation.Length)];
        for (int i = 0; i < 2; i++)
        {
            Assert.AreEqual(plain.Score[i] / (i == 0 ? 3 : 3), characters.Score[i], 1e-5f);
            Assert.AreEqual(plain.Score[i] / Encoding.UTF8.GetByteCount(questions[0].Choices[i]), bytes.Score[i], 1e-5f);
            Assert.AreEqual(plain.Score[i] / lengths[i], tokens.Score[i], 1e-5f);
            Assert.AreEqual(plain.StandardError[i] / lengths[i], tokens.StandardError[i], 1e-5f);
        }
        Assert.AreEqual(1, bytes.Probability.Sum(), 1e-6);
        // Whatever options are compared by, all three likelihoods are there, and the score is one of them.
        foreach (Scored scored in new[] { plain, characters, bytes, tokens })
        {
            CollectionAssert.AreEqual(plain.Score, scored.LogLikelihood);
            CollectionAssert.AreEqual(characters.Score, scored.LogLikelihoodPerCharacter);
            CollectionAssert.AreEqual(bytes.Score, scored.LogLikelihoodPerByte);
            Assert.AreEqual(Array.IndexOf(scored.Score, scored.Score.Max()) + 1, (int)scored.PredictedLabel);
        }
    }

    [TestMethod]
    [DataRow(ChoiceNormalization.None)]
    [DataRow(ChoiceNormalization.PerCharacter)]
    [DataRow(ChoiceNormalization.PerByte)]
    public void ThePredictedLabelGoesByTheScoreChosen(ChoiceNormalization normalization)
    {
        ChoiceScoringOptions options = Fast();
        options.Normalization = normalization;
        List<Question> questions = [.. Enumerable.Range(0, 12)
            .Select(i => new Question { Number = i, Context = $"the {i}", Choices = ["a bird sang in the old tree", "ten", "漢字 🙂"] })];
        foreach (Scored row in Read(Score(options, _ml.Data.LoadFromEnumerable(questions))))
        {
            float[] by = normalization switch
            {
                ChoiceNormalization.None => row.LogLikelihood,
                ChoiceNormalization.PerCharacter => row.LogLikelihoodPerCharacter,
                _ => row.LogLikelihoodPerByte,
            };
            Assert.AreEqual(Array.IndexOf(by, by.Max()) + 1, (int)row.PredictedLabel);
        }
    }

    [TestMethod]
    [DataRow("ExactCount", 0)]
    [DataRow("MonteCarlo", 0.7)]
    [DataRow("ChainRule", 0.6)]
    public void TheScoresAreThoseOfTheZeroShotEvaluator(string estimator, double guidance)
    {
        ChoiceScoringOptions options = Fast();
        options.Likelihood = new() { Method = LikelihoodMethod.FromName(estimator), Samples = 8, GuidanceScale = guidance };
        // The evaluator keeps its separator after an empty context, and takes no empty option.
        Question[] questions =
            [.. Questions.Where(question => question.Context.Length > 0 && question.Choices.All(choice => choice.Length > 0))];
        Scored[] scored = [.. Read(Score(options)).Where(row => questions.Any(question => question.Number == row.Number))];
        var evaluator = new ZeroShotEvaluator(Model, new ZeroShotOptions { Profile = ZeroShotProfile.Uniform(options.Likelihood) });
        ZeroShotResult result = evaluator.Evaluate(ZeroShotTask.FromName("hellaswag"),
            questions.Select(q => new ZeroShotQuestion($"{q.Number}", q.Context, q.Choices, (int)q.Label)));
        for (int i = 0; i < questions.Length; i++)
        {
            ZeroShotAnswer answer = result.Answers[i];
            int count = answer.LogLikelihoods.Count;
            CollectionAssert.AreEqual(answer.LogLikelihoods.Select(value => (float)value).ToArray(), scored[i].LogLikelihood[..count]);
            CollectionAssert.AreEqual(answer.StandardErrors.Select(value => (float)value).ToArray(), scored[i].StandardError[..count]);
            CollectionAssert.AreEqual(answer.LogLikelihoods.Zip(answer.CharacterCounts, (value, length) => (float)(value / length))
                .ToArray(), scored[i].LogLikelihoodPerCharacter[..count]);
            CollectionAssert.AreEqual(answer.LogLikelihoods.Zip(answer.ByteCounts, (value, length) => (float)(value / length)).ToArray(),
                scored[i].LogLikelihoodPerByte[..count]);
            Assert.AreEqual(answer.Predicted + 1, (int)scored[i].PredictedLabel);
        }
    }

    [TestMethod]
    public void OptionsOfOneTextScoreAlikeAndTheFirstWins()
    {
        List<Question> questions = [new() { Context = "the cat sat on", Choices = ["the mat", "a river", "the mat", "a river"] }];
        Scored row = Read(Score(Fast(), _ml.Data.LoadFromEnumerable(questions)))[0];
        Assert.AreEqual((row.Score[0], row.Score[1]), (row.Score[2], row.Score[3]));
        Assert.AreEqual(1, row.Probability.Sum(), 1e-6);
        Assert.IsTrue(row.PredictedLabel is 1 or 2, $"{row.PredictedLabel}");
    }

    [TestMethod]
    public void AnAutoregressiveModelScoresChoicesExactly()
    {
        using MaskedDiffusionModel model = TinyAutoregressiveModel.Create();
        Scored[] rows = Read(_ml.MaskedDiffusion().ScoreChoices(model, Fast()).Fit(View()).Transform(View()));
        Assert.IsTrue(rows.All(row => row.StandardError.All(error => error == 0)));
        var pairs = Questions[0].Choices.Select(choice => new { Text = choice, Prompt = Questions[0].Context }).ToList();
        IDataView data = _ml.Data.LoadFromEnumerable(pairs);
        float[] losses = [.. _ml.MaskedDiffusion().ScoreLikelihood(model, "Text", "Prompt").Fit(data).Transform(data)
            .GetColumn<float>("NegativeLogLikelihood")];
        CollectionAssert.AreEqual(losses.Select(loss => -loss).ToArray(), rows[0].Score[..2]);
        ChoiceScoringOptions guided = Fast();
        guided.Likelihood.GuidanceScale = 1;
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() =>
            _ml.MaskedDiffusion().ScoreChoices(model, guided)).Message, "autoregressive");
    }

    [TestMethod]
    public void TheEstimatorPromisesWhatTheTransformerGives()
    {
        ChoiceScoringEstimator estimator = _ml.MaskedDiffusion().ScoreChoices(Model);
        SchemaShape promised = estimator.GetOutputSchema(SchemaShapes.Of(View().Schema)),
            given = SchemaShapes.Of(estimator.Fit(View()).GetOutputSchema(View().Schema));
        CollectionAssert.AreEqual(LikelihoodScoringTests.Describe(given), LikelihoodScoringTests.Describe(promised));
        CollectionAssert.AreEqual(new[] { "Number", "Context", "Choices", "Label", "Score", "StandardError", "LogLikelihood",
            "LogLikelihoodPerCharacter", "LogLikelihoodPerByte", "Probability", "PredictedLabel", "PredictedText" },
            promised.Select(c => c.Name).ToArray());
    }

    [TestMethod]
    public void TheNumberOfOptionsComesFromOptionColumnOrData()
    {
        Assert.AreEqual(5, _ml.MaskedDiffusion().ScoreChoices(Model).Fit(View()).ChoiceCount);
        Assert.AreEqual(9, _ml.MaskedDiffusion().ScoreChoices(Model, new ChoiceScoringOptions { ChoiceCount = 9 }).Fit(View()).ChoiceCount);
        IDataView pairs = _ml.Transforms.Concatenate("Choices", "Context", "Context").Fit(View()).Transform(View());
        Assert.AreEqual(2, _ml.MaskedDiffusion().ScoreChoices(Model).Fit(pairs).ChoiceCount);

        IDataView empty = _ml.Data.LoadFromEnumerable(Array.Empty<Question>());
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() =>
            _ml.MaskedDiffusion().ScoreChoices(Model).Fit(empty)).Message, "ChoiceCount is 0");
        ChoiceScoringOptions options = Fast();
        options.ChoiceCount = 4;
        string message = Unwrapped.Throws<ArgumentOutOfRangeException>(() => Read(Score(options))).Message;
        StringAssert.Contains(message, "A row has 5 options in column 'Choices'");
        StringAssert.Contains(message, "a small bird");
    }

    [TestMethod]
    public void ARowTooLongForTheModelIsAnErrorOrKeepsTheEnd()
    {
        string end = "by the old tree by the river", context = string.Concat(Enumerable.Repeat("seven eight nine ", 20)) + end;
        List<Question> questions = [new() { Context = context, Choices = ["the sea", "the door"] }];
        string message = Unwrapped.Throws<ArgumentException>(() => Read(Score(Fast(), _ml.Data.LoadFromEnumerable(questions)))).Message;
        StringAssert.Contains(message, "at most 24");
        StringAssert.Contains(message, "'Context'");
        StringAssert.Contains(message, "KeepEnd");

        ChoiceScoringOptions options = Fast();
        options.ContextOverflow = ContextOverflow.KeepEnd;
        Assert.AreEqual(1, Read(Score(options, _ml.Data.LoadFromEnumerable(questions)))[0].Probability.Sum(), 1e-6);

        questions[0].Choices[1] = context;
        StringAssert.Contains(Unwrapped.Throws<ArgumentException>(() =>
            Read(Score(options, _ml.Data.LoadFromEnumerable(questions)))).Message, "Shorten the option");
    }

    [TestMethod]
    public void WhiteSpaceIsAnOptionLikeAnyOther()
    {
        List<Question> questions = [new() { Context = " \t", Choices = ["   ", "two"] }];
        Scored row = Read(Score(Fast(), _ml.Data.LoadFromEnumerable(questions)))[0];
        Assert.IsTrue(row.Score.All(score => score is < 0 and > float.MinValue), row.ToString());
        Assert.AreEqual(1, row.Probability.Sum(), 1e-6);
    }

    [TestMethod]
    public void MissingAndMistypedColumnsAreNamed()
    {
        void Refused(string context, string choices, string expected)
        {
            ChoiceScoringEstimator estimator = _ml.MaskedDiffusion().ScoreChoices(Model, context, choices);
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => estimator.Fit(View())).Message, expected);
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() =>
                estimator.GetOutputSchema(SchemaShapes.Of(View().Schema))).Message, expected);
        }
        Refused("Nowhere", "Choices", "context column 'Nowhere': expected String, but there is no such column");
        Refused("Choices", "Choices", "context column 'Choices': expected String, got");
        Refused("Context", "Context", "choices column 'Context': expected Vector<String>, got String");
        Refused("Context", "Label", "choices column 'Label': expected Vector<String>, got Single");
    }

    [TestMethod]
    public void EachInvalidOptionIsNamedWithItsValue()
    {
        void Refused(Action<ChoiceScoringOptions> change, string expected)
        {
            var options = new ChoiceScoringOptions();
            change(options);
            StringAssert.Contains(Unwrapped.Throws<ArgumentException>(() => new ChoiceScoringEstimator(Model, options)).Message, expected);
        }
        Refused(o => o.ContextColumnName = "", "ContextColumnName");
        Refused(o => o.ChoicesColumnName = null!, "ChoicesColumnName");
        Refused(o => o.ScoreColumnName = "", "ScoreColumnName");
        Refused(o => o.StandardErrorColumnName = "Score", "StandardErrorColumnName");
        Refused(o => o.LogLikelihoodColumnName = "Score", "LogLikelihoodColumnName");
        Refused(o => o.PerCharacterColumnName = "LogLikelihood", "PerCharacterColumnName");
        Refused(o => o.PerByteColumnName = "", "PerByteColumnName");
        Refused(o => o.ProbabilityColumnName = "Score", "ProbabilityColumnName");
        Refused(o => o.PredictedLabelColumnName = "", "PredictedLabelColumnName");
        Refused(o => o.ChoiceCount = 1, "ChoiceCount is 1");
        Refused(o => o.ChoiceCount = 5000, "ChoiceCount is 5000");
        Refused(o => o.Normalization = (ChoiceNormalization)9, "Normalization is 9");
        Refused(o => o.ContextOverflow = (ContextOverflow)9, "ContextOverflow is 9");
        Refused(o => o.Separator = null!, "Separator");
        Refused(o => o.BatchSize = -1, "BatchSize is -1");
        Refused(o => o.Likelihood = null!, "Likelihood");
        Refused(o => o.Likelihood.GuidanceScale = -1, "GuidanceScale is -1");
    }

    [TestMethod]
    public void AnOptionThatLeavesAnAutoregressiveModelNoContextIsNamed()
    {
        using MaskedDiffusionModel model = TinyAutoregressiveModel.Create();
        string option = "one";
        int Count() => model.Tokenizer.EncodeContinuation("the cat", " " + option).Continuation.Length;
        const int TooLong = TinyModel.ContextLength + 1;
        while (Count() < TooLong)
            option += Count() + 1 == TooLong ? "," : " one";
        Assert.AreEqual(TooLong, Count());
        IDataView data = _ml.Data.LoadFromEnumerable(new List<Question> { new() { Context = "the cat", Choices = [option, "the mat"] } });
        ChoiceScoringOptions options = Fast();
        options.ContextOverflow = ContextOverflow.KeepEnd;
        string message = Unwrapped.Throws<ArgumentException>(() =>
            Read(_ml.MaskedDiffusion().ScoreChoices(model, options).Fit(data).Transform(data))).Message;
        StringAssert.Contains(message, "in the row \"the cat\"");
        StringAssert.Contains(message, "Shorten the option");
    }
}

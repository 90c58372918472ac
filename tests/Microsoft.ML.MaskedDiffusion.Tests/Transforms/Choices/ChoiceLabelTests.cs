using Microsoft.ML.Data;
using static Microsoft.ML.MaskedDiffusion.Tests.ChoiceScoringTests;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The predicted label: its key values, and its evaluation by ML.NET.</summary>
[TestClass]
public sealed class ChoiceLabelTests
{
    private static readonly MaskedDiffusionModel Model = TinyModel.Create(8);

    private readonly MLContext _ml = new(1);

    [ClassCleanup]
    public static void Free() => Model.Dispose();

    private IDataView View() => _ml.Data.LoadFromEnumerable(Questions);

    private IDataView Score(ChoiceScoringOptions options, IDataView? view = null) =>
        _ml.MaskedDiffusion().ScoreChoices(Model, options).Fit(view ?? View()).Transform(view ?? View());

    private sealed class Answered
    {
        public string Context { get; set; } = "";

        public string[] Choices { get; set; } = [];

        public int Index { get; set; }

        public string Letter { get; set; } = "";

        public string Text { get; set; } = "";
    }

    private sealed class Best
    {
        public int Index { get; set; }

        public int Predicted { get; set; }

        public string Text { get; set; } = "";

        public string PredictedText { get; set; } = "";
    }

    [TestMethod]
    public void MulticlassEvaluationWorksWithTwoToFiveOptionsMixed()
    {
        IDataView scored = _ml.Data.Cache(Score(Fast()));
        Scored[] rows = Read(scored);
        MulticlassClassificationMetrics metrics = _ml.MulticlassClassification.Evaluate(scored, labelColumnName: "Label",
            scoreColumnName: "Probability");
        double right = rows.Count(row => row.PredictedLabel == Questions[row.Number].Label + 1);
        Assert.AreEqual(right / rows.Length, metrics.MicroAccuracy, 1e-12);
        double loss = rows.Average(row => -Math.Log(Math.Max(row.Probability[(int)Questions[row.Number].Label], 1e-15)));
        // ML.NET takes logarithms of Singles.
        Assert.AreEqual(loss, metrics.LogLoss, 1e-4 * Math.Max(1, loss));
        Assert.AreEqual(5, metrics.ConfusionMatrix.NumberOfClasses);
    }

    /// <summary>The recipes of docs/evaluation.md, one for each way in which data sets write down the right option.</summary>
    [TestMethod]
    public void EachKindOfLabelHasARecipeThatGivesTheTrueAccuracy()
    {
        // The first right answers are the second options: keys numbered by first occurrence would be wrong.
        ChoiceScoringTransformer transformer = _ml.MaskedDiffusion().ScoreChoices(Model, Fast()).Fit(View());
        Scored[] scored = Read(transformer.Transform(View()));
        List<Answered> answered =
        [
            .. Questions.Select((question, i) =>
            {
                int best = (int)scored[i].PredictedLabel - 1;
                int right = i % 4 == 3 ? (best + 1) % question.Choices.Length : best;
                return new Answered
                {
                    Context = question.Context,
                    Choices = question.Choices,
                    Index = right,
                    Letter = $"{(char)('A' + right)}",
                    Text = question.Choices[right],
                };
            }).OrderByDescending(row => row.Index),
        ];
        IDataView data = transformer.Transform(_ml.Data.LoadFromEnumerable(answered));

        IDataView byIndex = _ml.Transforms.Conversion.ConvertType("Label", "Index", DataKind.Single).Fit(data).Transform(data);
        MulticlassClassificationMetrics metrics = _ml.MulticlassClassification.Evaluate(byIndex, scoreColumnName: "Probability");
        Assert.AreEqual(0.75, metrics.MicroAccuracy, 1e-12);
        // The log-loss is that of the probabilities, in nats; ML.NET takes none for smaller than 1e-15.
        float[][] probabilities = [.. data.GetColumn<float[]>("Probability")];
        double[] losses = [.. answered.Select((row, i) => -Math.Log(Math.Max(probabilities[i][row.Index], 1e-15)))];
        Assert.AreEqual(losses.Average(), metrics.LogLoss, 1e-5);

        KeyValuePair<string, float>[] letters = [new("A", 0), new("B", 1), new("C", 2), new("D", 3), new("E", 4)];
        IDataView byLetter = _ml.Transforms.Conversion.MapValue("Label", letters, "Letter").Fit(data).Transform(data);
        Assert.AreEqual(
            0.75, _ml.MulticlassClassification.Evaluate(byLetter, scoreColumnName: "Probability").MicroAccuracy, 1e-12);

        IDataView withIndex = _ml.Transforms.Conversion.MapKeyToValue("Predicted", "PredictedLabel").Fit(data).Transform(data);
        Best[] rows = [.. _ml.Data.CreateEnumerable<Best>(withIndex, reuseRowObject: false)];
        Assert.AreEqual(0.75, rows.Average(row => row.Text == row.PredictedText ? 1.0 : 0.0), 1e-12);
        Assert.AreEqual(0.75, rows.Average(row => row.Index == row.Predicted ? 1.0 : 0.0), 1e-12);
        VBuffer<ReadOnlyMemory<char>> names = default;
        data.Schema["Score"].GetSlotNames(ref names);
        CollectionAssert.AreEqual(new[] { "0", "1", "2", "3", "4" }, names.DenseValues().Select(name => name.ToString()).ToArray());
    }

    [TestMethod]
    public void ThePredictedLabelIsAKeyOfAsManyAsTheOptions()
    {
        IDataView scored = Score(Fast());
        Assert.AreEqual(new KeyDataViewType(typeof(uint), 5), scored.Schema["PredictedLabel"].Type);
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 5), scored.Schema["Probability"].Type);
        List<Question> none = [new() { Context = "the", Choices = ["", ""] }];
        Scored row = Read(Score(Fast(), _ml.Data.LoadFromEnumerable(none)))[0];
        Assert.AreEqual((0u, 0f), (row.PredictedLabel, row.Probability.Sum()));
    }
}

using Microsoft.ML;
using Microsoft.ML.Data;

namespace StandIns.Tests.Evaluation;

[TestClass]
public sealed class MulticlassEvaluationTests
{
    private readonly MLContext _ml = new(1);

    private static readonly Scored[] Rows =
    [
        new(0, [.7f, .2f, .1f]), new(0, [.3f, .4f, .3f]), new(1, [.1f, .8f, .1f]), new(2, [.5f, .3f, .2f]),
    ];

    [TestMethod]
    public void Metrics_AreThoseOfTheFormulas()
    {
        var metrics = _ml.MulticlassClassification.Evaluate(_ml.Data.LoadFromEnumerable(Rows), topKPredictionCount: 2);
        double[] losses = [-Math.Log(.7f), -Math.Log(.3f), -Math.Log(.8f), -Math.Log(.2f)];
        double loss = losses.Average(), entropy = -(.5 * Math.Log(.5) + .5 * Math.Log(.25));
        Assert.AreEqual(.5, metrics.MicroAccuracy, 1e-12);
        Assert.AreEqual((.5 + 1 + 0) / 3, metrics.MacroAccuracy, 1e-12);
        Assert.AreEqual(loss, metrics.LogLoss, 1e-9);
        Assert.AreEqual((entropy - loss) / entropy, metrics.LogLossReduction, 1e-9);
        Assert.AreEqual(losses.Take(2).Average(), metrics.PerClassLogLoss[0], 1e-9);
        // Row 1: the classes 0 and 2 share the second place, and the lower one takes it. Row 3's class comes third.
        Assert.AreEqual(.75, metrics.TopKAccuracy, 1e-12);
        Assert.AreEqual(2, metrics.TopKPredictionCount);
        Assert.AreEqual(1, metrics.ConfusionMatrix.GetCountForClassPair(predictedClassIndicatorIndex: 1, actualClassIndicatorIndex: 0));
        Assert.AreEqual(.5, metrics.ConfusionMatrix.PerClassRecall[0], 1e-12);
        Assert.AreEqual(3, metrics.ConfusionMatrix.NumberOfClasses);
    }

    [TestMethod]
    public void KeyLabels_CountFromZeroInMembers()
    {
        var rows = Rows.Select(r => new KeyScored { Label = (uint)r.Label, Score = r.Score });
        var metrics = _ml.MulticlassClassification.Evaluate(_ml.Data.LoadFromEnumerable(rows));
        Assert.AreEqual(.5, metrics.MicroAccuracy, 1e-12);
        // Members written as the cursors show keys, from 1, are all off by one.
        var wrong = Rows.Select(r => new KeyScored { Label = (uint)r.Label + 1, Score = r.Score });
        Assert.AreNotEqual(.5, _ml.MulticlassClassification.Evaluate(_ml.Data.LoadFromEnumerable(wrong)).MicroAccuracy);
    }

    [TestMethod]
    public void VariableSizeScores_AreRefused()
    {
        var rows = _ml.Data.LoadFromEnumerable(Rows.Select(r => new VariableScored { Label = r.Label, Score = r.Score }));
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.MulticlassClassification.Evaluate(rows));
        StringAssert.Contains(error.Message, "expected vector of two or more items of type Single");
    }

    [TestMethod]
    public void RowsWithScoresThatAreNotFinite_Vanish()
    {
        Scored[] padded = [new(0, [.9f, .1f, float.NegativeInfinity]), new(0, [.1f, .9f, 0]), new(1, [.5f, .5f, float.NaN])];
        var metrics = _ml.MulticlassClassification.Evaluate(_ml.Data.LoadFromEnumerable(padded));
        Assert.AreEqual(0, metrics.MicroAccuracy, 1e-12);
        Assert.AreEqual(1, metrics.ConfusionMatrix.Counts.Sum(row => row.Sum()));
        Scored[] zeroed = [new(0, [.9f, .1f, 0]), new(0, [.1f, .9f, 0])];
        Assert.AreEqual(.5, _ml.MulticlassClassification.Evaluate(_ml.Data.LoadFromEnumerable(zeroed)).MicroAccuracy, 1e-12);
    }

    [TestMethod]
    public void LogLikelihoods_GiveAccuracyButNoLogLoss()
    {
        Scored[] rows = [new(0, [-3, -9, -7]), new(2, [-3, -9, -2])];
        var metrics = _ml.MulticlassClassification.Evaluate(_ml.Data.LoadFromEnumerable(rows));
        Assert.AreEqual(1, metrics.MicroAccuracy, 1e-12);
        Assert.AreEqual(-Math.Log(1e-15f), metrics.LogLoss, 1e-6);
    }

    [TestMethod]
    public void AMissingColumn_IsNamed()
    {
        var rows = _ml.Data.LoadFromEnumerable(Rows);
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.MulticlassClassification.Evaluate(rows, predictedLabelColumnName: "Guess"));
        StringAssert.Contains(error.Message, "Guess");
    }

    [TestMethod]
    public void CrossValidate_MeasuresEachRowOnce()
    {
        var rows = _ml.Data.LoadFromEnumerable(Enumerable.Range(0, 200).Select(i => new Scored(i % 2, i % 4 < 2 ? [.9f, .1f, 0] : [.1f, .9f, 0])));
        var folds = _ml.MulticlassClassification.CrossValidate(rows, _ml.Transforms.CopyColumns("Copy", "Label"), numberOfFolds: 4);
        Assert.AreEqual(4, folds.Count);
        Assert.AreEqual(200, folds.Sum(f => f.ScoredHoldOutSet.GetColumn<float>("Copy").Count()));
        Assert.AreEqual(200, folds.Sum(f => f.Metrics.ConfusionMatrix.Counts.Sum(row => row.Sum())));
    }

    private sealed class Scored(float label, float[] score)
    {
        public float Label { get; } = label;

        [VectorType(3)]
        public float[] Score { get; } = score;

        public float PredictedLabel { get; } = Array.IndexOf(score, score.Max());
    }

    private sealed class KeyScored
    {
        [KeyType(3)]
        public uint Label { get; set; }

        [VectorType(3)]
        public float[] Score { get; set; } = [];

        [KeyType(3)]
        public uint PredictedLabel { get; set; }
    }

    private sealed class VariableScored
    {
        public float Label { get; set; }

        public float[] Score { get; set; } = [];

        public float PredictedLabel { get; set; }
    }
}

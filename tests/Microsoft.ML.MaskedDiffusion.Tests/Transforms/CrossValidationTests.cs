using Microsoft.ML.Data;
using static Microsoft.ML.TrainCatalogBase;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>ML.NET's own evaluators and cross-validation over every transform that gives a score.</summary>
[TestClass]
public sealed class CrossValidationTests
{
    private const int Folds = 2;

    private readonly MLContext _ml = new(1);

    // Whole questions of two options each, with the right option as ML.NET's evaluators take it.
    private IDataView Data()
    {
        IDataView rows = Components.View(16);
        KeyValuePair<string, float>[] places = [.. Enumerable.Range(0, 8).Select(i => KeyValuePair.Create($"{i}", i % 3 == 0 ? 1f : 0f))];
        KeyValuePair<string, bool>[] right = [.. Enumerable.Range(0, 16).Select(i => KeyValuePair.Create($"mat {i}", i % 2 == i / 2 % 2))];
        return _ml.Transforms.Conversion.MapValue("Label", places, "Group")
            .Append(_ml.Transforms.Conversion.MapValue("Right", right, "Choice"))
            .Append(_ml.Transforms.Conversion.MapValueToKey("Question", "Group")).Fit(rows).Transform(rows);
    }

    [TestMethod]
    public void OfChoices()
    {
        using MaskedDiffusionModel model = TinyModel.Create(11);
        var estimator = _ml.MaskedDiffusion().ScoreChoices(model, new ChoiceScoringOptions { ChoiceCount = 2 });
        IReadOnlyList<CrossValidationResult<MulticlassClassificationMetrics>> results =
            _ml.MulticlassClassification.CrossValidate(Data(), estimator, Folds);
        Assert.HasCount(Folds, results);
        foreach (CrossValidationResult<MulticlassClassificationMetrics> fold in results)
        {
            float[] labels = [.. fold.ScoredHoldOutSet.GetColumn<float>("Label")];
            uint[] predicted = [.. fold.ScoredHoldOutSet.GetColumn<uint>("PredictedLabel")];
            double right = labels.Zip(predicted, (label, key) => (uint)label + 1 == key ? 1.0 : 0).Average();
            Assert.AreEqual(right, fold.Metrics.MicroAccuracy, 1e-12);
        }
    }

    [TestMethod]
    public void OfGroupedChoices()
    {
        using MaskedDiffusionModel model = TinyModel.Create(11);
        var options = new GroupedChoiceScoringOptions { ChoiceColumnName = "Choice", GroupColumnName = "Group" };
        options.ScoreColumnName = "Compared";
        // ML.NET's evaluator takes an option for chosen whose score is above zero.
        IEstimator<ITransformer> estimator = _ml.MaskedDiffusion().ScoreChoices(model, options)
            .Append(_ml.Transforms.Expression("Score", "chosen : chosen ? 1f : -1f", "PredictedLabel"));
        IReadOnlyList<CrossValidationResult<BinaryClassificationMetrics>> results =
            _ml.BinaryClassification.CrossValidateNonCalibrated(Data(), estimator, Folds, "Right", samplingKeyColumnName: "Group");
        Assert.HasCount(Folds, results);
        foreach (CrossValidationResult<BinaryClassificationMetrics> fold in results)
        {
            bool[] labels = [.. fold.ScoredHoldOutSet.GetColumn<bool>("Right")];
            bool[] predicted = [.. fold.ScoredHoldOutSet.GetColumn<bool>("PredictedLabel")];
            Assert.AreEqual(labels.Zip(predicted, (label, found) => label == found ? 1.0 : 0).Average(), fold.Metrics.Accuracy, 1e-12);
            Assert.AreEqual(labels.Length / 2, predicted.Count(best => best), "questions stay whole");
        }
        IDataView scored = estimator.Fit(Data()).Transform(Data());
        CalibratedBinaryClassificationMetrics calibrated = _ml.BinaryClassification.Evaluate(scored, "Right");
        float[] probabilities = [.. scored.GetColumn<float>("Probability")];
        double loss = scored.GetColumn<bool>("Right").Zip(probabilities, (right, p) => -Math.Log2(right ? p : 1 - p)).Average();
        Assert.AreEqual(loss, calibrated.LogLoss, 1e-4 * loss);
        IDataView ranked = _ml.Transforms.Conversion.ConvertType("Gain", "Right", DataKind.Single).Fit(scored).Transform(scored);
        RankingMetrics ranking = _ml.Ranking.Evaluate(ranked, "Gain", "Question");
        Assert.IsTrue(ranking.NormalizedDiscountedCumulativeGains.All(double.IsFinite));
    }

    [TestMethod]
    [DataRow("likelihood")]
    [DataRow(Components.Trained)]
    [DataRow(Components.TrainedAutoregressive)]
    public void OfLikelihoods(string name)
    {
        using MaskedDiffusionModel model = TinyModel.Create(11);
        TrainerOptions training = Components.Training();
        training.Outputs.NegativeLogLikelihoodColumnName = "Score";
        IEstimator<ITransformer> estimator = name switch
        {
            Components.Trained => new MaskedDiffusionTrainer(_ml, training),
            Components.TrainedAutoregressive => new AutoregressiveTrainer(_ml, training),
            _ => _ml.MaskedDiffusion().ScoreLikelihood(
                model, new LikelihoodScoringOptions { NegativeLogLikelihoodColumnName = "Score", Likelihood = { Samples = 4 } }),
        };
        IReadOnlyList<CrossValidationResult<RegressionMetrics>> results = _ml.Regression.CrossValidate(Data(), estimator, Folds);
        Assert.HasCount(Folds, results);
        foreach (CrossValidationResult<RegressionMetrics> fold in results)
        {
            float[] labels = [.. fold.ScoredHoldOutSet.GetColumn<float>("Label")];
            float[] scores = [.. fold.ScoredHoldOutSet.GetColumn<float>("Score")];
            double error = labels.Zip(scores, (label, score) => Math.Abs(label - (double)score)).Average();
            Assert.AreEqual(error, fold.Metrics.MeanAbsoluteError, 1e-5 * error);
            (fold.Model as IDisposable)?.Dispose();
        }
    }
}

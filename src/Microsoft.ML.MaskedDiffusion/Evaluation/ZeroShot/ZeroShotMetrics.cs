using Microsoft.ML.MaskedDiffusion.Evaluation.Statistics;

namespace Microsoft.ML.MaskedDiffusion.Evaluation.ZeroShot;

/// <summary>Figures of a task from its answers.</summary>
internal static class ZeroShotMetrics
{
    /// <summary>Accuracy of scores divided by a length of each option.</summary>
    public static EvaluationMetric Accuracy(IEnumerable<ZeroShotAnswer> answers, Func<ZeroShotAnswer, int, double> length)
    {
        List<double> right = [];
        double variance = 0;
        foreach (ZeroShotAnswer answer in answers)
        {
            double[] scores = [.. answer.LogLikelihoods.Select((value, option) => value / length(answer, option))];
            double[] errors = [.. answer.StandardErrors.Select((value, option) => value / length(answer, option))];
            right.Add(MetricMath.ArgMax(scores) == answer.Gold ? 1 : 0);
            double chance = ArgMaxProbability.Of(answer.Gold, scores, errors);
            variance += chance * (1 - chance);
        }
        (double mean, double error) = MetricMath.Mean(right);
        return new EvaluationMetric(mean, error, Math.Sqrt(variance) / right.Count);
    }

    public static EvaluationMetric GreedyAccuracy(IEnumerable<ZeroShotAnswer> answers)
    {
        List<double> right = [.. answers.Select(answer => answer.IsGreedy == true ? 1.0 : 0.0)];
        (double mean, double error) = MetricMath.Mean(right);
        return new EvaluationMetric(mean, error, right.Count == 0 ? double.NaN : 0);
    }

    /// <summary>The mean of -log p(right continuation), nats.</summary>
    public static EvaluationMetric LogPerplexity(IReadOnlyList<ZeroShotAnswer> answers)
    {
        (double mean, double error) = MetricMath.Mean([.. answers.Select(answer => -answer.LogLikelihoods[answer.Gold])]);
        double noise =
            Math.Sqrt(answers.Sum(answer => answer.StandardErrors[answer.Gold] * answer.StandardErrors[answer.Gold])) / answers.Count;
        return new EvaluationMetric(mean, error, noise);
    }

    /// <summary>Its exponential, errors by the delta method.</summary>
    public static EvaluationMetric Perplexity(EvaluationMetric logarithm)
    {
        double perplexity = Math.Exp(logarithm.Value);
        return new EvaluationMetric(perplexity, perplexity * logarithm.StandardError, perplexity * logarithm.NoiseStandardError);
    }
}

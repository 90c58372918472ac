namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How far a search is. Immutable.</summary>
/// <param name="Trial">The trial at work, from 0.</param>
/// <param name="Rung">The rung that it trains for, from 0.</param>
/// <param name="BegunTrials">Trials begun so far.</param>
/// <param name="MaxTrials">Trials to begin.</param>
/// <param name="Training">How far the training is; null when the trial has just been measured.</param>
/// <param name="Metric">What was measured; null while the trial is trained.</param>
/// <param name="Best">The best of the metrics at the last rung reached; null before there is one.</param>
/// <param name="MetricName">The metric's name.</param>
public sealed record SearchProgress(
    int Trial, int Rung, int BegunTrials, int MaxTrials, TrainingProgress? Training, double? Metric, double? Best, string MetricName);

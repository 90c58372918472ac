namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How far an evaluation is.</summary>
/// <param name="Task">The task's name.</param>
/// <param name="Done">Questions done, those of an earlier run among them.</param>
/// <param name="Elapsed">Time since the task began in this run.</param>
/// <param name="RunningAccuracy">Share of right answers among the scored questions so far; NaN for none.</param>
public readonly record struct ZeroShotProgress(string Task, int Done, TimeSpan Elapsed, double RunningAccuracy);

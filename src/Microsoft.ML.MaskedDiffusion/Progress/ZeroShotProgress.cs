using Microsoft.ML.MaskedDiffusion.Progress;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How far the evaluation of a zero-shot task has come. Immutable.</summary>
/// <param name="Task">The task's name.</param>
/// <param name="Done">Number of questions done, including those of an earlier run that is resumed.</param>
/// <param name="Total">Number of questions in all.</param>
/// <param name="Elapsed">Time since the task began in this run.</param>
/// <param name="RunningAccuracy">Share of right answers among the scored questions so far; NaN for none.</param>
public sealed record ZeroShotProgress(string Task, int Done, int Total, TimeSpan Elapsed, double RunningAccuracy)
{
    /// <summary>How much of the task is done, 0 to 100.</summary>
    public double Percent => Share.Percent(Done, Total) ?? 0;
}

using System.Text;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>A model's figures on one task.</summary>
public sealed record ZeroShotResult
{
    /// <summary>The task's name.</summary>
    public required string Task { get; init; }

    /// <summary>The settings used, for example "default: ExactCount, 128 samples".</summary>
    public required string Settings { get; init; }

    /// <summary>
    /// Share of questions whose right option has the largest log-likelihood; for greedy tasks, whose continuation greedy decoding finds (no
    /// estimate, so no noise). The noise error is √Σ q (1 - q) / n, with q the probability that the right option has the largest value
    /// when all estimates of a question are drawn anew (independent normals around the estimates). The options of a question share their
    /// random numbers, so their noise goes up and down together and flips fewer answers than independent noise would: the noise error is an
    /// upper bound, a quarter too large in a test of unlike options. Questions count as independent; those with the same context share
    /// their random numbers, so it may be too small where many do.
    /// </summary>
    public required EvaluationMetric Accuracy { get; init; }

    /// <summary>
    /// The same for log-likelihoods divided by the options' characters (lm-evaluation-harness's acc_norm); null where the harness has no
    /// such figure.
    /// </summary>
    public EvaluationMetric? AccuracyPerCharacter { get; init; }

    /// <summary>
    /// The same for log-likelihoods divided by the options' UTF-8 bytes (the harness's acc_bytes); null where it has no such figure.
    /// </summary>
    public EvaluationMetric? AccuracyPerByte { get; init; }

    /// <summary>
    /// For greedy tasks the mean of -log p(continuation | context) in nats per continuation; an upper bound for a masked diffusion model
    /// under methods that estimate the bound. Null for multiple choice.
    /// </summary>
    public EvaluationMetric? LogPerplexity { get; init; }

    /// <summary>
    /// For greedy tasks exp(-mean log-likelihood of a continuation), as the harness computes it, errors by the delta method; an upper bound
    /// for a masked diffusion model under methods that estimate the bound. Null for multiple choice.
    /// </summary>
    public EvaluationMetric? Perplexity { get; init; }

    /// <summary>Questions read.</summary>
    public required int QuestionCount { get; init; }

    /// <summary>
    /// Questions not scored, and so in none of the figures, because they are longer than the model's context, have an option of which the
    /// tokenizer makes no token (<see cref="AnswerFlag.Empty"/>), or have no context where an autoregressive model needs one
    /// (<see cref="AnswerFlag.NoContext"/>).
    /// </summary>
    public required int TooLongCount { get; init; }

    /// <summary>
    /// What is wrong with each row of the file that is no question and was left out, see <see cref="ZeroShotOptions.InvalidRows"/>; empty
    /// where there was none.
    /// </summary>
    public IReadOnlyList<string> InvalidRows { get; init; } = [];

    /// <summary>Questions scored with only the end of their context.</summary>
    public required int TruncatedCount { get; init; }

    /// <summary>Questions taken from the log of an earlier, stopped run.</summary>
    public required int ResumedCount { get; init; }

    /// <summary>
    /// Sequences the network had to look at for the estimates, all questions together. What greedy decoding of a greedy task takes is not
    /// among them, because its rows are shared by the questions of a batch.
    /// </summary>
    public required long NetworkRows { get; init; }

    /// <summary>Time this run took, without the resumed questions.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>The questions' own results in their order.</summary>
    public required IReadOnlyList<ZeroShotAnswer> Answers { get; init; }

    /// <summary>Questions scored per second in this run; NaN where all were resumed.</summary>
    public double QuestionsPerSecond => QuestionCount == ResumedCount ? double.NaN : (QuestionCount - ResumedCount) / Elapsed.TotalSeconds;

    /// <summary>
    /// A text table with one line for each result: values with their standard errors over questions and, separately, over the noise of
    /// the estimates.
    /// </summary>
    /// <param name="results">The results.</param>
    public static string Table(IEnumerable<ZeroShotResult> results)
    {
        ArgumentNullException.ThrowIfNull(results);
        const string Errors = " ± questions ± noise";
        string[] heads =
        [
            "task", "questions", "accuracy" + Errors, "per character" + Errors, "per byte" + Errors, "log-perplexity" + Errors,
            "perplexity", "not scored", "truncated", "questions/s", "rows/question", "settings",
        ];
        string[][] rows = [heads, .. results.Select(Row)];
        int[] widths = [.. Enumerable.Range(0, heads.Length).Select(column => rows.Max(row => row[column].Length))];
        var text = new StringBuilder();
        foreach (string[] row in rows)
            text.AppendLine(string.Join("  ", row.Select(Pad)).TrimEnd());
        return text.ToString();

        // Words are aligned to the left, numbers to the right.
        string Pad(string cell, int column) =>
            column == 0 || column == heads.Length - 1 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]);
    }

    /// <summary>The result as a table of one line.</summary>
    public override string ToString() => Table([this]);

    private static string[] Row(ZeroShotResult result) =>
    [
        result.Task, Text($"{result.QuestionCount}"), Metric(result.Accuracy), Metric(result.AccuracyPerCharacter),
        Metric(result.AccuracyPerByte), Metric(result.LogPerplexity),
        result.Perplexity is { } perplexity && !double.IsNaN(perplexity.Value) ? Text($"{perplexity.Value:G5}") : "-",
        Text($"{result.TooLongCount}"), Text($"{result.TruncatedCount}"),
        double.IsNaN(result.QuestionsPerSecond) ? "-" : Text($"{result.QuestionsPerSecond:F1}"),
        Text($"{(double)result.NetworkRows / Math.Max(1, result.QuestionCount):F1}"), result.Settings,
    ];

    // Nothing to tell where no question was scored.
    private static string Metric(EvaluationMetric? metric)
    {
        if (metric is not { } value || double.IsNaN(value.Value))
            return "-";
        string questions = EvaluationMetric.Shown(value.StandardError, "F4");
        string noise = EvaluationMetric.Shown(value.NoiseStandardError, "F4");
        return Text($"{value.Value:F4} ± {questions} ± {noise}");
    }

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}

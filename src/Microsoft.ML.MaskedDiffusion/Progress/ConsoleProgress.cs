using System.Globalization;
using System.Text;
using Microsoft.ML.MaskedDiffusion.Progress;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Prints the progress of trainings, of passes over rows, of files that are scored, of zero-shot evaluations and of searches: set it as the
/// <c>Progress</c> of any options. On a terminal it rewrites one line; elsewhere, as in a log file, it writes a line at most every ten
/// seconds. A new phase, a validation and the end are always written, and stay.
/// </summary>
/// <remarks>
/// Thread-safe: several runs may share one. Numbers are written in the invariant culture. <see cref="Dispose"/> ends a line that is still
/// open on a terminal, as after a run that was cancelled; otherwise disposing is not needed.
/// </remarks>
public sealed class ConsoleProgress
    : IProgress<TrainingProgress>, IProgress<ScoringProgress>, IProgress<ZeroShotProgress>, IProgress<SearchProgress>,
      IProgress<BatchScoringProgress>, IDisposable
{
    private static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly TextWriter _output;
    private readonly Func<int>? _width;
    private readonly TimeSpan _interval;
    private readonly TimeProvider _clock;
    private object? _subject;
    private long _written;
    private int _lineLength;

    /// <summary>Prints to the console's error stream, so that what a program writes to its output stays apart.</summary>
    public ConsoleProgress()
        : this(Console.Error, Console.IsErrorRedirected ? null : WindowWidth, DefaultInterval, TimeProvider.System)
    {
    }

    /// <summary>Writes whole lines to a writer.</summary>
    /// <param name="output">Where the lines go; it stays the caller's.</param>
    /// <param name="interval">The shortest time between two lines of one phase, 0 or more; null for ten seconds.</param>
    /// <exception cref="ArgumentNullException">There is no writer.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The interval is negative.</exception>
    public ConsoleProgress(TextWriter output, TimeSpan? interval = null)
        : this(output, width: null, interval ?? DefaultInterval, TimeProvider.System)
    {
    }

    /// <param name="output">Where the lines go.</param>
    /// <param name="width">The columns of the terminal whose last line is rewritten, 0 if unknown; null for whole lines.</param>
    /// <param name="interval">The shortest time between two whole lines of one phase.</param>
    /// <param name="clock">Measures that time.</param>
    internal ConsoleProgress(TextWriter output, Func<int>? width, TimeSpan interval, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentOutOfRangeException.ThrowIfLessThan(interval, TimeSpan.Zero);
        _output = output;
        _width = width;
        _interval = interval;
        _clock = clock;
    }

    /// <summary>Prints a report of a training, unless it follows too soon after the last one.</summary>
    /// <param name="value">The report.</param>
    /// <exception cref="ArgumentNullException">There is no report.</exception>
    public void Report(TrainingProgress value)
    {
        ArgumentNullException.ThrowIfNull(value);
        bool isComplete = value.Phase == TrainingPhase.Validating || (value.Phase == TrainingPhase.Training && value.Percent >= 100);
        Print(value.Phase, Describe(value), isComplete);
    }

    /// <summary>Prints a report of a pass over rows, unless it follows too soon after the last one.</summary>
    /// <param name="value">The report.</param>
    /// <exception cref="ArgumentNullException">There is no report.</exception>
    public void Report(ScoringProgress value)
    {
        ArgumentNullException.ThrowIfNull(value);
        Print(nameof(ScoringProgress), "scoring: " + Part(value.RowCount, value.TotalRowCount, "rows", value.Percent),
            value.Percent >= 100);
    }

    /// <summary>Prints a report of a zero-shot evaluation, unless it follows too soon after the last one.</summary>
    /// <param name="value">The report.</param>
    /// <exception cref="ArgumentNullException">There is no report.</exception>
    public void Report(ZeroShotProgress value)
    {
        ArgumentNullException.ThrowIfNull(value);
        string text = $"{value.Task}: {Part(value.Done, value.Total, "questions", value.Percent)}";
        if (!double.IsNaN(value.RunningAccuracy))
            text += string.Create(CultureInfo.InvariantCulture, $", {100 * value.RunningAccuracy:0.0} % right so far");
        Print(value.Task, text, value.Done >= value.Total);
    }

    /// <summary>Prints a report of a search: each measurement, and of the trainings not too many.</summary>
    /// <param name="value">The report.</param>
    /// <exception cref="ArgumentNullException">There is no report.</exception>
    public void Report(SearchProgress value)
    {
        ArgumentNullException.ThrowIfNull(value);
        CultureInfo culture = CultureInfo.InvariantCulture;
        // Trials and rungs have the numbers that the result and its report give them.
        string trial = string.Create(
            culture, $"trial {value.Trial}, rung {value.Rung} ({value.BegunTrials} of {value.MaxTrials} trials begun): ");
        if (value.Training is { } training)
        {
            Print((value.Trial, value.Rung), trial + Describe(training), isComplete: false);
            return;
        }
        string best = value.Best is { } number ? string.Create(culture, $", best so far {number:0.0000}") : "";
        string measured = string.Create(culture, $"{value.MetricName} {value.Metric:0.0000}{best}");
        Print((value.Trial, value.Rung), trial + measured, isComplete: true);
    }

    /// <summary>Prints a report of a file that is scored, unless it follows too soon after the last one.</summary>
    /// <param name="value">The report.</param>
    /// <exception cref="ArgumentNullException">There is no report.</exception>
    public void Report(BatchScoringProgress value)
    {
        ArgumentNullException.ThrowIfNull(value);
        CultureInfo culture = CultureInfo.InvariantCulture;
        var text = new StringBuilder();
        text.Append(culture, $"{Count(value.RowCount, "rows")} ({value.Percent:0} %), {value.RowsPerSecond:N1} rows/s");
        if (value.Remaining is { } remaining)
            text.Append(culture, $", {InWords(remaining)} left");
        if (value.RejectedRowCount > 0)
            text.Append(culture, $", {value.RejectedRowCount:N0} rejected");
        Print(nameof(BatchScoringProgress), text.ToString(), value.Percent >= 100);
    }

    /// <summary>Ends the line that is still open on a terminal.</summary>
    public void Dispose()
    {
        lock (_gate)
            Write(EndLine);
    }

    /// <summary>A report of a training in words, without a line end; what matters most comes first.</summary>
    internal static string Describe(TrainingProgress value)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        var text = new StringBuilder();
        switch (value.Phase)
        {
            case TrainingPhase.TrainingTokenizer when value.Completed == 0:
                text.Append(culture, $"reading text for the tokenizer: {Count(value.Documents, "documents")}");
                break;
            case TrainingPhase.TrainingTokenizer:
                text.Append("learning the tokenizer: ").Append(Part(value.Completed, value.Total, "byte pairs", value.Percent));
                break;
            case TrainingPhase.Tokenizing:
                text.Append("turning text into tokens: ").Append(Part(value.Completed, value.Total, "documents", value.Percent));
                text.Append(culture, $", {value.Tokens:N0} tokens");
                if (value.TokensPerSecond > 0)
                    text.Append(culture, $", {value.TokensPerSecond:N0} tokens/s");
                break;
            case TrainingPhase.Packing:
                text.Append(culture, $"the text is ready: {Count(value.Documents, "documents")}, {value.Tokens:N0} tokens");
                break;
            default:
                DescribeTraining(text, value, culture);
                break;
        }
        return text.ToString();
    }

    private static void DescribeTraining(StringBuilder text, TrainingProgress value, CultureInfo culture)
    {
        text.Append(Part(value.Step, value.MaxSteps, "steps", Share.Percent(value.Step, value.MaxSteps)));
        if (!double.IsNaN(value.Loss))
        {
            // Without the words, a loss of 2.5 beside a validation loss of 4.8 looks like overfitting.
            text.Append(culture, $", training loss {value.Loss:0.000}{(value.LossRemark is { } remark ? $" ({remark})" : "")}");
        }
        if (value.ValidationLoss is { } loss)
        {
            text.Append(culture, $", validation loss {loss:0.000}");
            if (value.ValidationStandardError is { } error)
                text.Append(culture, $" ± {error:0.000}");
            if (!value.LossIsBound)
                text.Append(" (bound)");
        }
        if (value.Remaining is { } remaining)
            text.Append(culture, $", {InWords(remaining)} left");
        if (value.TokensPerSecond > 0)
            text.Append(culture, $", {value.TokensPerSecond:N0} tokens/s");
        text.Append(culture, $", learning rate {value.LearningRate:0.0e+0}");
    }

    private static string Part(long done, long? total, string unit, double? percent)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        string text = total is null
            ? Count(done, unit) : string.Create(culture, $"{done:N0} of {Count(total.Value, unit)}");
        return percent is null ? text : text + string.Create(culture, $" ({percent:0} %)");
    }

    // A unit is given as many of it are named.
    private static string Count(long count, string unit) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {(count == 1 ? unit.TrimEnd('s') : unit)}");

    private static string InWords(TimeSpan time) =>
        time.ToString(time.TotalDays >= 1 ? @"d\.hh\:mm\:ss" : @"h\:mm\:ss", CultureInfo.InvariantCulture);

    private static int WindowWidth()
    {
        try
        {
            return Console.WindowWidth;
        }
        catch (Exception error) when (error is IOException or PlatformNotSupportedException)
        {
            return 0;
        }
    }

    private void Print(object subject, string text, bool isComplete)
    {
        lock (_gate)
        {
            bool isNew = !subject.Equals(_subject);
            if (_width is null)
            {
                if (!isNew && !isComplete && _clock.GetElapsedTime(_written) < _interval)
                    return;
                Write(() => _output.WriteLine(text));
                _written = _clock.GetTimestamp();
            }
            else
            {
                Write(() =>
                {
                    if (isNew)
                        EndLine();
                    Rewrite(text, _width());
                    if (isComplete)
                        EndLine();
                });
            }
            _subject = subject;
        }
    }

    // What is reported is worth more than the report: it goes on where the disk is full or the terminal is gone.
    private void Write(Action write)
    {
        try
        {
            write();
        }
        catch (IOException)
        {
            _lineLength = 0;
        }
    }

    // A line that reaches the last column would go on in the next one, where it cannot be rewritten.
    private void Rewrite(string text, int width)
    {
        if (width > 1 && text.Length >= width)
            text = text[..(width - 2)] + "…";
        _output.Write('\r');
        _output.Write(text.PadRight(width > 1 ? Math.Min(_lineLength, width - 1) : _lineLength));
        _output.Flush();
        _lineLength = text.Length;
    }

    private void EndLine()
    {
        if (_lineLength > 0)
            _output.WriteLine();
        _lineLength = 0;
    }
}

using System.Globalization;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Prints a training's progress: phase, step, percent, loss, validation loss, learning rate, speed and time left. On a terminal it rewrites
/// one line; elsewhere, as in a log file, it writes a line at most every ten seconds. A validation and a new phase are always written.
/// </summary>
/// <remarks>Thread-safe: several trainings may share one. Numbers are written in the invariant culture.</remarks>
public sealed class ConsoleTrainingProgress : IProgress<TrainingProgress>
{
    private static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly TextWriter _output;
    private readonly TimeSpan _interval;
    private readonly TimeProvider _clock;
    private readonly bool _rewrites;
    private TrainingPhase? _phase;
    private long _written;
    private int _lineLength;

    /// <summary>Prints to the console's error stream, so that what a program writes to its output stays apart.</summary>
    public ConsoleTrainingProgress()
        : this(Console.Error, !Console.IsErrorRedirected, DefaultInterval, TimeProvider.System)
    {
    }

    /// <summary>Writes whole lines to a writer.</summary>
    /// <param name="output">Where the lines go; it stays the caller's.</param>
    /// <param name="interval">The shortest time between two lines of one phase, 0 or more; null for ten seconds.</param>
    /// <exception cref="ArgumentNullException">There is no writer.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The interval is negative.</exception>
    public ConsoleTrainingProgress(TextWriter output, TimeSpan? interval = null)
        : this(output, rewrites: false, interval ?? DefaultInterval, TimeProvider.System)
    {
    }

    internal ConsoleTrainingProgress(TextWriter output, bool rewrites, TimeSpan interval, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentOutOfRangeException.ThrowIfLessThan(interval, TimeSpan.Zero);
        _output = output;
        _rewrites = rewrites;
        _interval = interval;
        _clock = clock;
    }

    /// <summary>Prints one report, unless it follows too soon after the last one.</summary>
    /// <param name="value">The report.</param>
    /// <exception cref="ArgumentNullException">There is no report.</exception>
    public void Report(TrainingProgress value)
    {
        ArgumentNullException.ThrowIfNull(value);
        lock (_gate)
        {
            bool milestone = value.Phase != _phase || value.Phase == TrainingPhase.Validating;
            if (!_rewrites && !milestone && _clock.GetElapsedTime(_written) < _interval)
                return;
            // A milestone stays on a terminal too: the line before it ends, and a new one begins.
            if (_rewrites && milestone && _lineLength > 0)
                EndLine();
            Write(Describe(value));
            _phase = value.Phase;
            _written = _clock.GetTimestamp();
        }
    }

    /// <summary>One report in words, without a line end.</summary>
    internal static string Describe(TrainingProgress value)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        var text = new StringBuilder();
        switch (value.Phase)
        {
            case TrainingPhase.TrainingTokenizer:
                text.Append(culture, $"training the tokenizer: {value.Documents:N0} documents");
                if (value.MaxSteps > 0)
                    text.Append(culture, $", {value.Step:N0} of {value.MaxSteps:N0} merges");
                break;
            case TrainingPhase.Tokenizing:
                text.Append(culture, $"tokenizing: {value.Documents:N0} documents, {value.Tokens:N0} tokens");
                if (value.TokensPerSecond > 0)
                    text.Append(culture, $", {value.TokensPerSecond:N0} tokens/s");
                break;
            case TrainingPhase.Packing:
                text.Append(culture, $"packed: {value.Documents:N0} documents, {value.Tokens:N0} tokens");
                break;
            default:
                DescribeTraining(text, value, culture);
                break;
        }
        return text.ToString();
    }

    private static void DescribeTraining(StringBuilder text, TrainingProgress value, CultureInfo culture)
    {
        text.Append(culture, $"step {value.Step:N0} of {value.MaxSteps:N0}");
        if (value.Percent is { } percent)
            text.Append(culture, $" ({percent:0} %)");
        if (!double.IsNaN(value.Loss))
            text.Append(culture, $", loss {value.Loss:0.000}");
        if (value.ValidationLoss is { } loss)
        {
            text.Append(culture, $", validation {loss:0.000}");
            if (value.ValidationStandardError is { } error)
                text.Append(culture, $" ± {error:0.000}");
        }
        text.Append(culture, $", learning rate {value.LearningRate:0.0e+0}");
        if (value.TokensPerSecond > 0)
            text.Append(culture, $", {value.TokensPerSecond:N0} tokens/s");
        if (value.Remaining is { } remaining)
            text.Append(culture, $", {remaining.ToString(remaining.TotalHours >= 1 ? @"d\.hh\:mm\:ss" : @"m\:ss", culture)} left");
    }

    private void Write(string line)
    {
        if (!_rewrites)
        {
            _output.WriteLine(line);
            return;
        }
        _output.Write('\r');
        _output.Write(line.PadRight(_lineLength));
        _output.Flush();
        _lineLength = line.Length;
    }

    private void EndLine()
    {
        _output.WriteLine();
        _lineLength = 0;
    }
}

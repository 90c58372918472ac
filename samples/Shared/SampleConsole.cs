using Microsoft.ML.MaskedDiffusion;
using Spectre.Console;

namespace Samples.Shared;

/// <summary>Output of the samples: rules and colours on a terminal, plain lines in files and pipes.</summary>
internal static class SampleConsole
{
    private static readonly bool Interactive = !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Interactive;

    public static void Heading(string text)
    {
        if (Interactive)
            AnsiConsole.Write(new Rule($"[bold]{Markup.Escape(text)}[/]") { Justification = Justify.Left });
        else
            Console.WriteLine($"\n== {text}");
    }

    public static void Line(string text) => Console.WriteLine(text);

    /// <summary>
    /// Runs training with live progress: one line that rewrites itself on a terminal, a line every ten seconds elsewhere.
    /// </summary>
    public static T WithProgress<T>(Func<IProgress<TrainingProgress>, T> work)
    {
        if (!Interactive)
            return work(new PlainProgress());
        return AnsiConsole.Progress().AutoClear(false)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
            .Start(context => work(new LiveProgress(context.AddTask("starting", maxValue: 1))));
    }

    private static string Describe(TrainingProgress progress) => progress.Phase switch
    {
        TrainingPhase.TrainingTokenizer => "learning the tokenizer's vocabulary from the text",
        TrainingPhase.Tokenizing => "converting text to tokens",
        TrainingPhase.Packing => "joining tokens into blocks",
        TrainingPhase.Training => $"{Losses(progress)}, {Speed(progress)}, {progress.Remaining:m\\:ss} left",
        _ => $"{Losses(progress)}, {progress.Phase.ToString().ToLowerInvariant()}",
    };

    private static string Losses(TrainingProgress progress)
    {
        string validation = progress.ValidationLoss is { } loss
            ? $", validation loss {loss:F3} ± {progress.ValidationStandardError:F3}"
            : "";
        return $"step {progress.Step} of {progress.MaxSteps}, training loss {progress.Loss:F3}{validation}";
    }

    private static string Speed(TrainingProgress progress)
    {
        string share = progress.MatrixPeakShare is { } peak ? $" ({peak:P0} of this machine's peak)" : "";
        return $"learning rate {progress.LearningRate:0.0e+0}, {progress.TokensPerSecond:N0} tokens/s{share}";
    }

    // Progress<T> would call its handler on several threads, possibly out of order; this class is called on the training thread.
    private sealed class PlainProgress : IProgress<TrainingProgress>
    {
        private TrainingPhase? _phase;
        private long _next;

        public void Report(TrainingProgress value)
        {
            if (value.Phase == _phase && Environment.TickCount64 < _next)
                return;
            _phase = value.Phase;
            _next = Environment.TickCount64 + 10_000;
            Console.WriteLine(Describe(value));
        }
    }

    private sealed class LiveProgress(ProgressTask task) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            task.Description = Markup.Escape(Describe(value));
            if (value.Phase == TrainingPhase.Training)
                task.Value = value.MaxSteps > 0 ? (double)value.Step / value.MaxSteps : 0;
        }
    }
}

using Microsoft.ML.MaskedDiffusion;
using Spectre.Console;

namespace Samples.Shared;

/// <summary>What a sample says: rules and colours on a terminal, plain lines elsewhere.</summary>
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

    private static string Describe(TrainingProgress progress)
    {
        if (progress.Phase != TrainingPhase.Training && progress.Phase != TrainingPhase.Validating)
            return progress.Phase.ToString();
        var validation = progress.ValidationLoss is { } loss ? $"  validation {loss:F3} ± {progress.ValidationStandardError:F3}" : "";
        var start = $"step {progress.Step}/{progress.MaxSteps}  epoch {progress.Epoch:F1}  loss {progress.Loss:F3}{validation}";
        if (progress.Phase == TrainingPhase.Validating)
            return $"{start}  validating";
        var share = progress.MatrixPeakShare is { } peak ? $"  {peak:P0} of matrix peak" : "";
        return $"{start}  lr {progress.LearningRate:0.0e+0}  {progress.TokensPerSecond:N0} tokens/s{share}  "
            + $"{progress.Remaining:m\\:ss} left";
    }

    // Reports arrive on the training thread, one after the other; Progress<T> would reorder them.
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

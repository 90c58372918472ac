using System.Text;
using System.Text.Json;
using Mdm;
using Mdm.Output;
using Spectre.Console;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>One run of the tool inside this process, with streams of its own.</summary>
internal sealed record ToolRun(int ExitCode, string Output, string Error)
{
    /// <summary>The objects that the run wrote, one a line.</summary>
    public JsonElement[] Objects => [.. Lines.Select(line => JsonSerializer.Deserialize<JsonElement>(line))];

    /// <summary>The lines of the output.</summary>
    public string[] Lines => Output.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Runs a command line.</summary>
    public static ToolRun Of(params string[] arguments) => Of(arguments, "", null, CancellationToken.None);

    /// <summary>Runs a command line with an input, on a terminal, or one that may be interrupted.</summary>
    public static ToolRun Of(string[] arguments, string input, IAnsiConsole? terminal, CancellationToken cancellation) =>
        Of(arguments, Encoding.UTF8.GetBytes(input), terminal, TextWriter.Null, cancellation);

    /// <summary>Runs a command line with an input of any bytes.</summary>
    public static ToolRun Of(string[] arguments, byte[] input) => Of(arguments, input, null, TextWriter.Null, CancellationToken.None);

    /// <summary>Runs a command line that must succeed.</summary>
    public static ToolRun Done(params string[] arguments)
    {
        ToolRun run = Of(arguments);
        Assert.AreEqual(Mdm.ExitCode.Done, run.ExitCode, run.Error);
        return run;
    }

    /// <summary>Runs a training that is interrupted by its first report of steps.</summary>
    public static ToolRun Interrupted(params string[] arguments)
    {
        using var interruption = new CancellationTokenSource();
        using var progress = new InterruptingWriter(interruption);
        ToolRun run = Of(arguments, [], null, progress, interruption.Token);
        Assert.AreEqual(Mdm.ExitCode.Interrupted, run.ExitCode, run.Error);
        return run;
    }

    private static ToolRun Of(
        string[] arguments, byte[] input, IAnsiConsole? terminal, TextWriter progress, CancellationToken cancellation)
    {
        using var stream = new MemoryStream(input);
        using var output = new StringWriter();
        using var error = new StringWriter();
        var console = new ToolConsole
        {
            In = stream,
            Out = output,
            Error = error,
            Terminal = terminal,
            Progress = () => new ConsoleProgress(progress, TimeSpan.Zero),
        };
        int status = Tool.Run(arguments, console, cancellation);
        return new ToolRun(status, output.ToString(), error.ToString());
    }

    // Lines about the text come before those about steps.
    private sealed class InterruptingWriter(CancellationTokenSource interruption) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            if (value?.Contains(" steps", StringComparison.Ordinal) == true)
                interruption.Cancel();
        }
    }
}

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
    public static ToolRun Of(string[] arguments, string input, IAnsiConsole? terminal, CancellationToken cancellation)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var console = new ToolConsole
        {
            In = new StringReader(input),
            Out = output,
            Error = error,
            Terminal = terminal,
            Progress = () => new ConsoleProgress(TextWriter.Null),
        };
        int status = Tool.Run(arguments, console, cancellation);
        return new ToolRun(status, output.ToString(), error.ToString());
    }

    /// <summary>Runs a command line that must succeed.</summary>
    public static ToolRun Done(params string[] arguments)
    {
        ToolRun run = Of(arguments);
        Assert.AreEqual(Mdm.ExitCode.Done, run.ExitCode, run.Error);
        return run;
    }
}

using Microsoft.ML.MaskedDiffusion;
using Spectre.Console;

namespace Mdm.Output;

/// <summary>The streams that a run of the tool reads and writes, and whether a person sits at them.</summary>
internal sealed record ToolConsole
{
    /// <summary>Where texts come from if none are given, as bytes, so that what is not UTF-8 can be told.</summary>
    public required Stream In { get; init; }

    /// <summary>Where results go.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Where progress and errors go.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Whether the input is a terminal, so that nothing is read from it unasked.</summary>
    public bool IsInputTerminal { get; init; }

    /// <summary>Draws tables and moving texts; null where the output is a file or another program, which gets plain lines.</summary>
    public IAnsiConsole? Terminal { get; init; }

    /// <summary>Makes what prints the progress of one piece of work.</summary>
    public required Func<ConsoleProgress> Progress { get; init; }

    /// <summary>A console that shows nothing.</summary>
    public ToolConsole Silenced() => this with
    {
        Out = TextWriter.Null,
        Error = TextWriter.Null,
        Terminal = null,
        Progress = () => new ConsoleProgress(TextWriter.Null),
    };

    /// <summary>The process's own streams.</summary>
    public static ToolConsole OfProcess() => new()
    {
        In = Console.OpenStandardInput(),
        Out = Console.Out,
        Error = Console.Error,
        IsInputTerminal = !Console.IsInputRedirected,
        Terminal = Console.IsOutputRedirected ? null : AnsiConsole.Console,
        Progress = () => new ConsoleProgress(),
    };
}

using Mdm.Output;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;
using Microsoft.ML.Runtime;

namespace Mdm;

/// <summary>What a run of a command has beside its settings.</summary>
internal sealed class ToolContext
{
    private readonly Func<string, string> _inOwnWords;
    private readonly HashSet<string> _said = [];
    private ConsoleProgress? _progress;

    /// <param name="console">The streams.</param>
    /// <param name="isJson">Whether results are written as JSON.</param>
    /// <param name="group">The processes that work together.</param>
    /// <param name="inOwnWords">Says in the words of the command's options what a message of the library says.</param>
    /// <param name="cancellation">Cancelled by Ctrl+C.</param>
    public ToolContext(
        ToolConsole console, bool isJson, IProcessGroup group, Func<string, string> inOwnWords, CancellationToken cancellation)
    {
        (Console, Group, Cancellation, _inOwnWords) = (console, group, cancellation, inOwnWords);
        Results = new ResultWriter(console, isJson);
        Ml.Log += (_, line) => Show(line);
    }

    /// <summary>The streams.</summary>
    public ToolConsole Console { get; }

    /// <summary>Cancelled by Ctrl+C.</summary>
    public CancellationToken Cancellation { get; }

    /// <summary>The processes that work together; the first of them alone writes models and says something.</summary>
    public IProcessGroup Group { get; }

    /// <summary>Whether this process writes models.</summary>
    public bool IsFirst => Group.Rank == 0;

    /// <summary>Writes the results.</summary>
    public ResultWriter Results { get; }

    /// <summary>ML.NET's context.</summary>
    public MLContext Ml { get; } = new(seed: 1);

    /// <summary>The calls of the library.</summary>
    public MaskedDiffusionCatalog Catalog => Ml.MaskedDiffusion();

    /// <summary>Makes what prints the progress of the command's work.</summary>
    public ConsoleProgress StartProgress() => _progress = Console.Progress();

    /// <summary>Says something that is no result, on a line of its own.</summary>
    public void Say(string sentence)
    {
        // On a terminal the line that shows the progress may still be open.
        _progress?.Dispose();
        Console.Error.WriteLine(sentence);
    }

    /// <summary>Says something of data that a command may open more than once.</summary>
    public void SayOnce(string sentence)
    {
        if (_said.Add(sentence))
            Say(sentence);
    }

    // Of the library's log what a user should know: warnings, and how a run goes on from its checkpoints.
    private void Show(LoggingEventArgs line)
    {
        bool isOfCheckpoints = line.Kind == ChannelMessageKind.Info && line.Source.EndsWith("Checkpoints", StringComparison.Ordinal);
        if (isOfCheckpoints || line.Kind >= ChannelMessageKind.Warning)
            Say(_inOwnWords(line.RawMessage));
    }
}

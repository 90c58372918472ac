using Mdm.Output;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm;

/// <summary>What a run of a command has beside its settings.</summary>
internal sealed class ToolContext(ToolConsole console, bool isJson, IProcessGroup group, CancellationToken cancellation)
{
    /// <summary>The streams.</summary>
    public ToolConsole Console => console;

    /// <summary>Cancelled by Ctrl+C.</summary>
    public CancellationToken Cancellation => cancellation;

    /// <summary>The processes that work together; the first of them alone writes models and says something.</summary>
    public IProcessGroup Group => group;

    /// <summary>Whether this process writes models.</summary>
    public bool IsFirst => group.Rank == 0;

    /// <summary>Writes the results.</summary>
    public ResultWriter Results { get; } = new(console, isJson);

    /// <summary>ML.NET's context.</summary>
    public MLContext Ml { get; } = Logged(console);

    /// <summary>The calls of the library.</summary>
    public MaskedDiffusionCatalog Catalog => Ml.MaskedDiffusion();

    // Of the library's log those lines that tell how a run goes on from what was there.
    private static MLContext Logged(ToolConsole console)
    {
        string[] told = ["Resumed at step ", "The checkpoint's run had ", "Falling back to the checkpoint "];
        var ml = new MLContext(seed: 1);
        ml.Log += (_, line) =>
        {
            if (told.Any(start => line.RawMessage.StartsWith(start, StringComparison.Ordinal)))
                console.Error.WriteLine(line.RawMessage);
        };
        return ml;
    }

    /// <summary>Says something that is no result.</summary>
    public void Say(string sentence) => console.Error.WriteLine(sentence);
}

using Mdm.Output;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;
using Microsoft.ML.Runtime;

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

    // Of the library's log what a user should know: warnings, and how a run goes on from its checkpoints.
    private static MLContext Logged(ToolConsole console)
    {
        var ml = new MLContext(seed: 1);
        ml.Log += (_, line) =>
        {
            bool isOfCheckpoints = line.Kind == ChannelMessageKind.Info && line.Source.EndsWith("Checkpoints", StringComparison.Ordinal);
            if (isOfCheckpoints || line.Kind >= ChannelMessageKind.Warning)
                console.Error.WriteLine(line.RawMessage);
        };
        return ml;
    }

    /// <summary>Says something that is no result.</summary>
    public void Say(string sentence) => console.Error.WriteLine(sentence);
}

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
    public MLContext Ml { get; } = new(seed: 1);

    /// <summary>The calls of the library.</summary>
    public MaskedDiffusionCatalog Catalog => Ml.MaskedDiffusion();

    /// <summary>Says something that is no result.</summary>
    public void Say(string sentence) => console.Error.WriteLine(sentence);
}

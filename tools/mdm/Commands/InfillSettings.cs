using Mdm.Data;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>The settings of 'mdm infill'.</summary>
internal sealed class InfillSettings : InputSettings
{
    /// <summary>The texts with gaps; null reads a file or the standard input.</summary>
    public IReadOnlyList<string>? Texts { get; set; }

    /// <summary>What gaps are filled with one of; null for anything.</summary>
    public IReadOnlyList<string>? Candidates { get; set; }

    /// <summary>How tokens are chosen.</summary>
    public SamplingOptions Sampling { get; set; } = new();

    /// <summary>
    /// How lengths of gaps are chosen, and how many fillings are drawn. Texts that cannot be filled are left as they are.
    /// </summary>
    public GapOptions Gaps { get; set; } = new() { InvalidRows = InvalidRows.Skip };
}

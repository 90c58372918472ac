using Mdm.Data;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>The settings of 'mdm choose'.</summary>
internal sealed class ChooseSettings : InputSettings
{
    /// <summary>The options of one question; null reads questions from a file or the standard input.</summary>
    public IReadOnlyList<string>? Options { get; set; }

    /// <summary>What the options answer.</summary>
    public string Context { get; set; } = "";

    /// <summary>How questions are scored.</summary>
    public ChoiceScoringOptions Choices { get; set; } = new();
}

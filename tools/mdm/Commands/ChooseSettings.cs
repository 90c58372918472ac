using Mdm.Data;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>The settings of 'mdm choose'.</summary>
internal sealed class ChooseSettings : InputSettings
{
    /// <summary>The choices of one question; null reads questions from a file or the standard input.</summary>
    public IReadOnlyList<string>? Choices { get; set; }

    /// <summary>What the choices follow where a question has no context of its own; null for nothing.</summary>
    public string? Context { get; set; }

    /// <summary>How questions are scored.</summary>
    public ChoiceScoringOptions Scoring { get; set; } = new();
}

using Mdm.Data;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>The settings of 'mdm score'.</summary>
internal sealed class ScoreSettings : InputSettings
{
    /// <summary>The texts; null reads a file or the standard input.</summary>
    public IReadOnlyList<string>? Texts { get; set; }

    /// <summary>What stands before each text and is not scored.</summary>
    public string? Context { get; set; }

    /// <summary>What is written between a context and a text.</summary>
    public string Separator { get; set; } = " ";

    /// <summary>What happens where a context and a text are longer than the model's context.</summary>
    public ContextOverflow ContextOverflow { get; set; } = ContextOverflow.Throw;

    /// <summary>New tokens in each window of a long text; null for half the model's context.</summary>
    public int? Stride { get; set; }

    /// <summary>How likelihoods are estimated.</summary>
    public LikelihoodOptions Likelihood { get; set; } = new();
}

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>A text that is being written, after one of its steps. Immutable.</summary>
public sealed record GenerationState
{
    /// <summary>The number of the step that led here, from 0.</summary>
    public required int Step { get; init; }

    /// <summary>
    /// All positions that are written so far or visible to the network, in their order; those still masked are among them.
    /// </summary>
    public required IReadOnlyList<GeneratedToken> Tokens { get; init; }

    /// <summary>The positions in <see cref="Tokens"/> that this step has filled or masked again, ascending.</summary>
    public required IReadOnlyList<int> Changed { get; init; }

    /// <summary>
    /// The text up to the first masked position, as it can be shown: a character whose last bytes are still missing is left out, and so is
    /// what may become the beginning of a stop string.
    /// </summary>
    public required string Text { get; init; }

    /// <summary>Rows that went through the network for this text so far, those of guidance and probes among them.</summary>
    public int NetworkRowCount { get; init; }

    /// <summary>What was written, in the last state; null before.</summary>
    public GeneratedText? Result { get; init; }
}

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>What becomes of the matches that split a text.</summary>
internal enum SplitBehavior
{
    /// <summary>Pieces of their own.</summary>
    Isolated,

    /// <summary>They are left out.</summary>
    Removed,

    /// <summary>The end of the piece before them.</summary>
    MergedWithPrevious,

    /// <summary>The beginning of the piece after them.</summary>
    MergedWithNext,

    /// <summary>Pieces of their own, matches in a row being one.</summary>
    Contiguous,
}

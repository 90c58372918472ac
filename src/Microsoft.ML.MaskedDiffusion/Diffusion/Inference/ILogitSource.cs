namespace Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

/// <summary>Where samplers get logits from. Thread-safe; a row's logits do not depend on the rows beside it.</summary>
internal interface ILogitSource
{
    /// <summary>Rows that went through the network so far, after removing duplicates.</summary>
    long NetworkRows { get; }

    /// <summary>
    /// Reads the logits of every position asked for: <paramref name="reader"/> gets the row, the place in its positions, and the logits.
    /// </summary>
    void Read(IEnumerable<MaskedRow> rows, MaskedRowReader reader, CancellationToken cancellation);
}

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What follows the end of a row when every row is a sequence of its own.</summary>
public enum RowPadding
{
    /// <summary>
    /// Nothing. Every row is learned at its own length, as it is scored, independently of the other rows of its micro batch. Rows of the
    /// same length go through the network together.
    /// </summary>
    None,

    /// <summary>
    /// End-of-sequence tokens up to the longest row of the micro batch. They are noised and learned as a part of the answer, so that a
    /// model which fills a span of fixed length learns to end its answer in it. This is SMDM's recipe for ShareGPT and the reversal curse.
    /// The result then depends on how rows are put into micro batches.
    /// </summary>
    Longest,

    /// <summary>
    /// End-of-sequence tokens up to the longest row that is allowed, whatever the rows are. This is SMDM's recipe for GSM8K, with 256
    /// tokens.
    /// </summary>
    Full,
}

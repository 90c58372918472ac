namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What follows a row's end where every row is a sequence of its own.</summary>
public enum RowPadding
{
    /// <summary>
    /// Nothing: every row is learned at its own length, as it is scored, and whatever the other rows of its micro batch are. Rows of one
    /// length go through the network together.
    /// </summary>
    None,

    /// <summary>
    /// End-of-sequence tokens up to the longest row of the micro batch, noised and learned as part of the answer: a model that fills a span
    /// of fixed length learns to end its answer within. SMDM's recipe for ShareGPT and the reversal curse. The micro batch then shapes the
    /// result.
    /// </summary>
    Longest,

    /// <summary>The same up to the longest row allowed, whatever the rows are. SMDM's recipe for GSM8K, with 256 tokens.</summary>
    Full,
}

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What was written as packed tokens. Immutable.</summary>
/// <param name="Files">Files.</param>
/// <param name="Documents">Documents, each with one end of sequence.</param>
/// <param name="EmptyRows">Rows left out because they held no text.</param>
/// <param name="Tokens">Token ids of the documents, the ends of sequence among them.</param>
/// <param name="FillerTokens">Ids that fill up the last file.</param>
public sealed record PackedTokensResult(int Files, long Documents, long EmptyRows, long Tokens, long FillerTokens);

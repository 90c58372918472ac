namespace Microsoft.ML.MaskedDiffusion.Corpora.Packed;

/// <summary>The tokens of one split: how many, of how many documents, and the SHA-256 of its files.</summary>
/// <param name="Tokens">Token ids, without what fills up the last file.</param>
/// <param name="Documents">Documents, each with one end of sequence.</param>
/// <param name="EmptyRows">Rows left out because they held no text.</param>
/// <param name="Hash">SHA-256 of the files' bytes in order, in hexadecimal.</param>
internal sealed record TokenSplit(long Tokens, long Documents, long EmptyRows, string Hash);

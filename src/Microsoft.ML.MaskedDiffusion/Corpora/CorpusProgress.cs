namespace Microsoft.ML.MaskedDiffusion.Corpora;

/// <summary>How far the reading of a corpus is. Immutable.</summary>
/// <param name="Documents">Documents or rows read so far.</param>
/// <param name="Tokens">Token ids made of them so far.</param>
/// <param name="Elapsed">Time since the reading began.</param>
/// <param name="IsPacked">Whether all documents have been read and joined, so that the ids can be cut into blocks.</param>
internal sealed record CorpusProgress(long Documents, long Tokens, TimeSpan Elapsed, bool IsPacked = false);

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>A context and its continuation as token ids. Do not change the arrays.</summary>
/// <param name="Context">
/// Ids of the context, with <see cref="TextTokenizer.BeginningOfSequenceId"/> in front where the tokenizer has one.
/// </param>
/// <param name="Continuation">Ids of the continuation.</param>
public sealed record ContinuationTokens(int[] Context, int[] Continuation);

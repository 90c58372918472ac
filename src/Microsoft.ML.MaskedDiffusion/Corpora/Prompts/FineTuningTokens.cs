namespace Microsoft.ML.MaskedDiffusion;

/// <summary>A row's token ids.</summary>
/// <param name="Prompt">Ids that are never noised; may be empty.</param>
/// <param name="Answer">Ids that are learned, the end of the sequence among them.</param>
public sealed record FineTuningTokens(int[] Prompt, int[] Answer);

namespace Microsoft.ML.MaskedDiffusion.Extensions.AI;

/// <summary>A request as the generator needs it.</summary>
/// <param name="Generator">What writes the reply.</param>
/// <param name="Prompt">The conversation in the model's template.</param>
/// <param name="TokensStay">Whether tokens stay once they are chosen.</param>
/// <param name="BlockLength">Tokens of a block; null for one block of everything.</param>
/// <param name="CreatedAt">When the request was made.</param>
internal sealed record ChatRequest(TextGenerator Generator, string Prompt, bool TokensStay, int? BlockLength, DateTimeOffset CreatedAt);

namespace Microsoft.ML.MaskedDiffusion.Transforms.Likelihood;

/// <summary>The score of one text, in nats, and in nats per character and byte (0 for an empty text).</summary>
internal readonly record struct LikelihoodResult(float NegativeLogLikelihood, float StandardError, int TokenCount, float PerCharacter, float PerByte);

namespace Microsoft.ML.MaskedDiffusion.Transforms;

/// <summary>The score of one text, in nats.</summary>
internal readonly record struct LikelihoodResult(float NegativeLogLikelihood, float StandardError, int TokenCount);

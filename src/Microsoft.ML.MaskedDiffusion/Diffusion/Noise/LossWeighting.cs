using System.Text.Json.Serialization;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// The weight of a position's loss in training: of a masked token's cross-entropy, or with a <see cref="NoiseOptions.UniformShare"/> of
/// each token's loss.
/// </summary>
public enum LossWeighting
{
    /// <summary>
    /// 1 / p with p the sequence's masking probability: the loss is then a bound on the negative log-likelihood per token (Nie et al.,
    /// 2024, eq. 4). With a <see cref="NoiseOptions.UniformShare"/> the weights are those of that noise's own bound.
    /// </summary>
    [JsonStringEnumMemberName("InverseNoiseLevel")]
    InverseNoiseLevel,

    /// <summary>
    /// 1 for every masked token: less noise in the gradient, more weight on heavily masked sequences; the loss is not a bound. Not with a
    /// <see cref="NoiseOptions.UniformShare"/>.
    /// </summary>
    [JsonStringEnumMemberName("Uniform")]
    Uniform,

    /// <summary>
    /// With a <see cref="NoiseOptions.UniformShare"/>, the weighting of GIDD's published models: 2 for a mask token, 1 for a wrong token,
    /// and B / N e^(-lambda / 2) for a right one, at most 2, with lambda the logarithm of the signal-to-noise ratio (von Ruette et al.,
    /// 2025). In proportion to each other these are the bound's weights at a given time, nearly so where the share is not small. The
    /// loss is not a bound.
    /// </summary>
    [JsonStringEnumMemberName("Dynamic")]
    Dynamic,

    /// <summary>
    /// With a <see cref="NoiseOptions.UniformShare"/>, the bound's weights, but at most 2 (GIDD's clamped weights). The loss is not a
    /// bound.
    /// </summary>
    [JsonStringEnumMemberName("Clipped")]
    Clipped,
}

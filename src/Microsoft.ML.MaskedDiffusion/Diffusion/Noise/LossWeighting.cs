using System.Text.Json.Serialization;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>The weight of a masked token's cross-entropy in the training loss.</summary>
public enum LossWeighting
{
    /// <summary>
    /// 1 / p with p the sequence's masking probability: the loss is then a bound on the negative log-likelihood per token (Nie et al.,
    /// 2024, eq. 3).
    /// </summary>
    [JsonStringEnumMemberName("InverseNoiseLevel")]
    InverseNoiseLevel,

    /// <summary>
    /// 1 for every masked token: less noise in the gradient, more weight on heavily masked sequences; the loss is not a bound.
    /// </summary>
    [JsonStringEnumMemberName("Uniform")]
    Uniform,
}

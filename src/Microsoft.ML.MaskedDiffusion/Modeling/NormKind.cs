using System.Text.Json.Serialization;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What the norms of a network do. Both multiply by a gain and add nothing.</summary>
public enum NormKind
{
    /// <summary>x / sqrt(mean(x^2) + epsilon) (RMSNorm, Zhang and Sennrich, 2019): the default.</summary>
    [JsonStringEnumMemberName("RootMeanSquare")]
    RootMeanSquare,

    /// <summary>(x - mean(x)) / sqrt(variance(x) + epsilon) (LayerNorm, Ba et al., 2016).</summary>
    [JsonStringEnumMemberName("Layer")]
    Layer,
}

using System.Text.Json.Serialization;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// The function a of a gated feed-forward layer W3 (a(W1 x) * W2 x) (Shazeer, 2020).
/// </summary>
public enum GateActivation
{
    /// <summary>a(x) = x sigmoid(x), which makes the layer SwiGLU: the default.</summary>
    [JsonStringEnumMemberName("Silu")]
    Silu,

    /// <summary>a(x) = x (1 + erf(x / sqrt(2))) / 2 (GELU, Hendrycks and Gimpel, 2016), which makes the layer GeGLU.</summary>
    [JsonStringEnumMemberName("Gelu")]
    Gelu,
}

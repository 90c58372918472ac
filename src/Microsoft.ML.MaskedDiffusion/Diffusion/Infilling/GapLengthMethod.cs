using System.Text.Json.Serialization;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How a gap of unknown length gets its length.</summary>
public enum GapLengthMethod
{
    /// <summary>
    /// The length with which the text around the gap is most probable, and to a part its filling; see
    /// <see cref="GapOptions.FillingWeight"/>. Any masked diffusion model can do that.
    /// </summary>
    [JsonStringEnumMemberName("Likelihood")]
    Likelihood,

    /// <summary>
    /// The network doubles and deletes masked tokens while it fills them, from the middle of the gap's range on (DreamOn, arXiv
    /// 2602.01326). It has learned that with a <see cref="NoiseOptions.GapLengthRatio"/>; see
    /// <see cref="TransformerConfig.HasLengthTokens"/>.
    /// </summary>
    [JsonStringEnumMemberName("LengthTokens")]
    LengthTokens,
}

using System.Text.Json.Serialization;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How exact the table of rotary position angles is. A model must be used with the precision it was trained with.</summary>
public enum RotaryPrecision
{
    /// <summary>Cosines and sines in 32 bits: the default for new models.</summary>
    [JsonStringEnumMemberName("Float32")]
    Float32,

    /// <summary>
    /// Cosines and sines rounded to bfloat16, whatever the network's own type: what the published SMDM checkpoints were trained with.
    /// </summary>
    [JsonStringEnumMemberName("BFloat16")]
    BFloat16,
}

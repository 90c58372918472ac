using System.Text.Json.Serialization;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>The arithmetic of a training.</summary>
public enum Precision
{
    /// <summary>Everything in 32-bit floats.</summary>
    [JsonStringEnumMemberName("Float32")]
    Float32,

    /// <summary>
    /// Matrix products take operands rounded to bfloat16 (8 significant bits, to nearest, ties to even) and sum in 32 bits, as GPUs do
    /// under autocast; where the device has instructions for that, results are rounded too, as there. The activations kept for the backward
    /// pass are stored in bfloat16. Weights, optimizer, residual stream, norms, softmax and loss stay 32-bit.
    /// </summary>
    [JsonStringEnumMemberName("BFloat16Mixed")]
    BFloat16Mixed,
}

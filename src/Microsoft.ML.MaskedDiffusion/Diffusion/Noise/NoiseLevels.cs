using System.Text.Json.Serialization;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How the noise levels t of a batch of training sequences are drawn from the uniform distribution on [0, 1).</summary>
public enum NoiseLevels
{
    /// <summary>Every sequence draws its own level, independently of the others (as SMDM trains).</summary>
    [JsonStringEnumMemberName("Independent")]
    Independent,

    /// <summary>
    /// The levels of a batch of B are u, u + 1/B, u + 2/B, ... modulo 1 with one uniform u: each is still uniform, but together they cover
    /// [0, 1) evenly, which lowers the variance of the loss where the level decides most of it (Kingma et al., "Variational Diffusion
    /// Models", 2021, appendix I.1). Here a few tokens at low levels, whose weight is 1 / t, decide most of it.
    /// </summary>
    [JsonStringEnumMemberName("Stratified")]
    Stratified,
}

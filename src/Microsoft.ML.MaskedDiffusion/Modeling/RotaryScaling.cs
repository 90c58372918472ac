using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// How rotary frequencies are made lower for a longer context, as in Llama 3.1 (Grattafiori et al., 2024): waves shorter than
/// <see cref="OriginalContextLength"/> / <see cref="HighFrequencyFactor"/> stay, those longer than <see cref="OriginalContextLength"/> /
/// <see cref="LowFrequencyFactor"/> are stretched by <see cref="Factor"/>, and those between by a part of it. Immutable and safe to share
/// between threads.
/// </summary>
public sealed record RotaryScaling
{
    /// <summary>How much the longest waves are stretched, at least 1.</summary>
    public required double Factor { get; init; }

    /// <summary>Above 0.</summary>
    public required double LowFrequencyFactor { get; init; }

    /// <summary>Above <see cref="LowFrequencyFactor"/>.</summary>
    public required double HighFrequencyFactor { get; init; }

    /// <summary>The context length that the network was first trained with, at least 1.</summary>
    public required int OriginalContextLength { get; init; }

    internal void Validate(string group)
    {
        OptionCheck.Require(Factor is >= 1 and <= 1e6, group + nameof(Factor), Factor, "1 to 1000000");
        OptionCheck.Require(LowFrequencyFactor is > 0 and <= 1e6, group + nameof(LowFrequencyFactor), LowFrequencyFactor,
            "above 0 and at most 1000000");
        OptionCheck.Require(HighFrequencyFactor > LowFrequencyFactor && HighFrequencyFactor <= 1e6, group + nameof(HighFrequencyFactor),
            HighFrequencyFactor, FormattableString.Invariant($"above LowFrequencyFactor {LowFrequencyFactor} and at most 1000000"));
        OptionCheck.Require(OriginalContextLength is >= 1 and <= 1 << 20, group + nameof(OriginalContextLength), OriginalContextLength,
            "1 to 1048576");
    }
}

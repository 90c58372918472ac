using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Blocks whose attention sees near positions only, between blocks that see all (ModernBERT, Warner et al., 2024). Immutable and safe to
/// share between threads.
/// </summary>
public sealed record LocalAttention
{
    /// <summary>The positions that are seen on each side, at least 0: position i sees j with |i - j| at most this. Default 64.</summary>
    public int Radius { get; init; } = 64;

    /// <summary>Blocks 0, n, 2 n, ... see all positions, the others near ones; at least 1 (all blocks see all). Default 3.</summary>
    public int GlobalInterval { get; init; } = 3;

    /// <summary>
    /// <see cref="TransformerConfig.RotaryBase"/> of the blocks that see near positions; above 1 and at most 1E+12. Default 10000.
    /// </summary>
    public double RotaryBase { get; init; } = 10000;

    internal void Validate(string group)
    {
        OptionCheck.Require(Radius is >= 0 and <= 1 << 20, group + nameof(Radius), Radius, "0 to 1048576");
        OptionCheck.Require(GlobalInterval is >= 1 and <= 1024, group + nameof(GlobalInterval), GlobalInterval, "1 to 1024");
        OptionCheck.Require(RotaryBase is > 1 and <= 1e12, group + nameof(RotaryBase), RotaryBase, "above 1 and at most 1E+12");
    }
}

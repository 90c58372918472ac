using System.Runtime.InteropServices;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

/// <summary>Compares id arrays by content.</summary>
internal sealed class TokenRowComparer : IEqualityComparer<int[]>
{
    public static TokenRowComparer Instance { get; } = new();

    public bool Equals(int[]? x, int[]? y) => x is null || y is null ? x == y : x.AsSpan().SequenceEqual(y);

    public int GetHashCode(int[] row)
    {
        var hash = new HashCode();
        hash.AddBytes(MemoryMarshal.AsBytes(row.AsSpan()));
        return hash.ToHashCode();
    }
}

using System.Runtime.InteropServices;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

/// <summary>
/// Rows of one length, and the same <see cref="MaskedRow.Blocks"/>, that go through the network together, each distinct row once, and the
/// predictions wanted from them. Filled by <see cref="Add"/>, then read by an <see cref="IRowEvaluator"/>.
/// </summary>
internal sealed class RowBatch(int length, double guidanceScale, AttentionBlocks? blocks = null)
{
    private readonly Dictionary<int[], int> _rows = new(TokenRowComparer.Instance);
    private readonly List<int[]> _tokens = [];
    private readonly List<long> _indices = [], _unconditionalIndices = [];
    private readonly List<long> _targets = [];

    /// <summary>Length of every row.</summary>
    public int Length { get; } = length;

    /// <summary>Strength w of classifier-free guidance; 0 for none.</summary>
    public double GuidanceScale { get; } = guidanceScale;

    /// <summary>The rows' <see cref="MaskedRow.Blocks"/>.</summary>
    public AttentionBlocks? Blocks { get; } = blocks;

    /// <summary>Distinct network rows.</summary>
    public int RowCount => _tokens.Count;

    public IReadOnlyList<int[]> Rows => _tokens;

    /// <summary>Number of predictions wanted.</summary>
    public int QueryCount => _indices.Count;

    /// <summary>Where each prediction stands, as row * length + position.</summary>
    public IReadOnlyList<long> Indices => _indices;

    /// <summary>Where its unguided counterpart stands; equal to <see cref="Indices"/> where guidance changes nothing.</summary>
    public IReadOnlyList<long> UnconditionalIndices => _unconditionalIndices;

    /// <summary>The token asked about, if the rows ask about tokens.</summary>
    public IReadOnlyList<long> Targets => _targets;

    /// <summary>Adds a row's predictions, in the order of its positions, and returns the number of the first.</summary>
    public int Add(MaskedRow row)
    {
        int first = _indices.Count;
        long at = (long)RowOf(row.Tokens) * Length;
        long unconditionalAt = row.Unconditional is null || GuidanceScale == 0 ? at : (long)RowOf(row.Unconditional) * Length;
        foreach (int position in row.Positions)
        {
            _indices.Add(at + position);
            _unconditionalIndices.Add(unconditionalAt + position);
        }
        foreach (int target in row.Targets)
            _targets.Add(target);
        return first;
    }

    /// <summary>Whether the row would add no network row.</summary>
    public bool Holds(MaskedRow row) =>
        _rows.ContainsKey(row.Tokens) && (row.Unconditional is null || GuidanceScale == 0 || _rows.ContainsKey(row.Unconditional));

    private int RowOf(int[] tokens)
    {
        if (!_rows.TryGetValue(tokens, out int row))
        {
            _rows.Add(tokens, row = _tokens.Count);
            _tokens.Add(tokens);
        }
        return row;
    }
}

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

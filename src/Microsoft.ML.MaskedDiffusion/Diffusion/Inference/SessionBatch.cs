using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

/// <summary>Rows that go through a network session together, each distinct one once, and the positions asked for in each.</summary>
internal sealed class SessionBatch
{
    private readonly Dictionary<AttentionBlocks, Dictionary<int[], Row>> _shared = [];
    private readonly Dictionary<(MaskedRow Look, bool IsUnconditional), Row> _rowOf = [];
    private readonly List<Row> _rows = [];
    private long _tokens;

    /// <summary>What is asked.</summary>
    public List<MaskedRow> Looks { get; } = [];

    /// <summary>Network rows.</summary>
    public int RowCount => _rows.Count;

    /// <summary>The tokens that are computed with one more row.</summary>
    public long TokensWith(MaskedRow look) => _tokens + NewTokens(look, look.Tokens, isUnconditional: false)
        + (look.Unconditional is null ? 0 : NewTokens(look, look.Unconditional, isUnconditional: true));

    /// <summary>Adds a row.</summary>
    public void Add(MaskedRow look)
    {
        Looks.Add(look);
        Ask(look, look.Tokens, isUnconditional: false);
        if (look.Unconditional is not null)
            Ask(look, look.Unconditional, isUnconditional: true);
    }

    /// <summary>What the session computes.</summary>
    public SequencePart[] Parts(INetworkSession session)
    {
        int index = 0;
        var parts = new SequencePart[_rows.Count];
        for (int i = 0; i < parts.Length; i++)
        {
            Row row = _rows[i];
            int[] asked = [.. row.Asked];
            foreach (int position in asked)
                row.Indices.Add(position, index++);
            parts[i] = row.Look.Cache is { } cache
                ? cache.Part(session, row.Tokens, Computed(row), asked, row.IsUnconditional, row.Blocks)
                : SequencePart.Whole(row.Tokens, asked, blocks: row.Blocks);
        }
        return parts;
    }

    /// <summary>The number of the state at a position.</summary>
    public int IndexOf(MaskedRow look, int position, bool isUnconditional) => _rowOf[(look, isUnconditional)].Indices[position];

    private static int[]? Computed(Row row)
    {
        if (row.Look.Computed is not { } computed || !row.IsUnconditional)
            return row.Look.Computed;
        int shift = row.Look.UnconditionalShift;
        return [.. computed.Select(position => position + shift).Where(position => position >= 0)];
    }

    private long NewTokens(MaskedRow look, int[] tokens, bool isUnconditional) => look.Cache is not null
        ? look.Computed?.Length ?? tokens.Length
        : SharedOf(BlocksOf(look, isUnconditional)).ContainsKey(tokens) ? 0 : tokens.Length;

    // The rows without a cache and of the same blocks, of which equal ones are computed once.
    private Dictionary<int[], Row> SharedOf(AttentionBlocks? blocks)
    {
        AttentionBlocks key = blocks ?? default;
        if (!_shared.TryGetValue(key, out Dictionary<int[], Row>? rows))
            _shared.Add(key, rows = new(TokenRowComparer.Instance));
        return rows;
    }

    // The counterpart of guidance may stand to the right or to the left.
    private static AttentionBlocks? BlocksOf(MaskedRow look, bool isUnconditional) =>
        isUnconditional ? look.Blocks?.ShiftedBy(look.UnconditionalShift) : look.Blocks;

    private void Ask(MaskedRow look, int[] tokens, bool isUnconditional)
    {
        _tokens += NewTokens(look, tokens, isUnconditional);
        AttentionBlocks? blocks = BlocksOf(look, isUnconditional);
        Dictionary<int[], Row> shared = SharedOf(blocks);
        if (look.Cache is not null || !shared.TryGetValue(tokens, out Row? row))
        {
            _rows.Add(row = new Row(look, tokens, isUnconditional, blocks));
            if (look.Cache is null)
                shared.Add(tokens, row);
        }
        int shift = isUnconditional ? look.UnconditionalShift : 0;
        foreach (int position in look.Positions)
            row.Asked.Add(position + shift);
        _rowOf.Add((look, isUnconditional), row);
    }

    private sealed record Row(MaskedRow Look, int[] Tokens, bool IsUnconditional, AttentionBlocks? Blocks)
    {
        public SortedSet<int> Asked { get; } = [];

        public Dictionary<int, int> Indices { get; } = [];
    }
}

using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

/// <summary>Rows that go through a network session together, each distinct one once, and the positions asked for in each.</summary>
internal sealed class SessionBatch
{
    private readonly Dictionary<int, Dictionary<int[], Row>> _shared = [];
    private readonly Dictionary<(MaskedRow Look, bool IsUnconditional), Row> _rowOf = [];
    private readonly List<Row> _rows = [];
    private long _tokens;

    /// <summary>What is asked.</summary>
    public List<MaskedRow> Looks { get; } = [];

    /// <summary>Network rows.</summary>
    public int RowCount => _rows.Count;

    /// <summary>The tokens that are computed with one more row.</summary>
    public long TokensWith(MaskedRow look) => _tokens + NewTokens(look, look.Tokens)
        + (look.Unconditional is null ? 0 : NewTokens(look, look.Unconditional));

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
        int index = 0, size = session.Config.AttentionBlockSize ?? 1;
        var parts = new SequencePart[_rows.Count];
        for (int i = 0; i < parts.Length; i++)
        {
            Row row = _rows[i];
            int[] asked = [.. row.Asked];
            foreach (int position in asked)
                row.Indices.Add(position, index++);
            parts[i] = row.Look.Cache is { } cache
                ? cache.Part(session, row.Tokens, Computed(row), asked, row.IsUnconditional, BlockStart(row, size))
                : SequencePart.Whole(row.Tokens, asked, blockStart: BlockStart(row, size));
        }
        return parts;
    }

    /// <summary>The number of the state at a position.</summary>
    public int IndexOf(MaskedRow look, int position, bool isUnconditional) => _rowOf[(look, isUnconditional)].Indices[position];

    // Where a block of attention begins; the counterpart of guidance may stand to the right or to the left.
    private static int BlockStart(Row row, int size)
    {
        int shift = row.IsUnconditional ? row.Look.UnconditionalShift : 0;
        return ((row.Look.BlockStart + shift) % size + size) % size;
    }

    private static int[]? Computed(Row row)
    {
        if (row.Look.Computed is not { } computed || !row.IsUnconditional)
            return row.Look.Computed;
        int shift = row.Look.UnconditionalShift;
        return [.. computed.Select(position => position + shift).Where(position => position >= 0)];
    }

    private long NewTokens(MaskedRow look, int[] tokens) => look.Cache is not null
        ? look.Computed?.Length ?? tokens.Length
        : SharedOf(look.BlockStart).ContainsKey(tokens) ? 0 : tokens.Length;

    // The rows without a cache whose blocks begin alike, of which equal ones are computed once.
    private Dictionary<int[], Row> SharedOf(int blockStart)
    {
        if (!_shared.TryGetValue(blockStart, out Dictionary<int[], Row>? rows))
            _shared.Add(blockStart, rows = new(TokenRowComparer.Instance));
        return rows;
    }

    private void Ask(MaskedRow look, int[] tokens, bool isUnconditional)
    {
        _tokens += NewTokens(look, tokens);
        Dictionary<int[], Row> shared = SharedOf(look.BlockStart);
        if (look.Cache is not null || !shared.TryGetValue(tokens, out Row? row))
        {
            _rows.Add(row = new Row(look, tokens, isUnconditional));
            if (look.Cache is null)
                shared.Add(tokens, row);
        }
        int shift = isUnconditional ? look.UnconditionalShift : 0;
        foreach (int position in look.Positions)
            row.Asked.Add(position + shift);
        _rowOf.Add((look, isUnconditional), row);
    }

    private sealed record Row(MaskedRow Look, int[] Tokens, bool IsUnconditional)
    {
        public SortedSet<int> Asked { get; } = [];

        public Dictionary<int, int> Indices { get; } = [];
    }
}

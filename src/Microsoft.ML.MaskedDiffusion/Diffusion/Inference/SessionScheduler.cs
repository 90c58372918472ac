using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

/// <summary>
/// Sends masked rows of all lengths through a network session together: identical rows once, and at most
/// <paramref name="batchTokens"/> tokens at a time.
/// </summary>
internal sealed class SessionScheduler(INetworkSession session, double guidanceScale, int batchTokens) : ILogitSource
{
    private long _networkRows;

    public long NetworkRows => Interlocked.Read(ref _networkRows);

    public void Read(IEnumerable<MaskedRow> rows, MaskedRowReader reader, CancellationToken cancellation)
    {
        var batch = new PartBatch();
        foreach (MaskedRow row in rows)
        {
            if (batch.Looks.Count > 0 && batch.TokensWith(row) > batchTokens)
            {
                Run(batch, reader, cancellation);
                batch = new PartBatch();
            }
            batch.Add(row);
        }
        if (batch.Looks.Count > 0)
            Run(batch, reader, cancellation);
    }

    private void Run(PartBatch batch, MaskedRowReader reader, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using NetworkStates states = session.States(batch.Parts());
        Interlocked.Add(ref _networkRows, batch.RowCount);
        var owners = new List<(MaskedRow Row, int Place)>();
        List<int> conditional = [], unconditional = [];
        foreach (MaskedRow look in batch.Looks)
        {
            for (int place = 0; place < look.Positions.Length; place++)
            {
                int position = look.Positions[place];
                owners.Add((look, place));
                conditional.Add(batch.IndexOf(look.Tokens, position));
                // Where guidance changes nothing, the row is its own counterpart, which gives its very logits.
                unconditional.Add(look.Unconditional is null
                    ? conditional[^1]
                    : batch.IndexOf(look.Unconditional, position + look.UnconditionalShift));
            }
        }
        bool guided = batch.Looks.Any(look => look.Unconditional is not null);
        session.ReadLogits(states, [.. conditional], guided ? [.. unconditional] : null, guided ? guidanceScale : 0,
            (index, logits) => reader(owners[index].Row, owners[index].Place, logits));
    }

    /// <summary>Rows that go through the network together, and the positions asked for in each.</summary>
    private sealed class PartBatch
    {
        private readonly Dictionary<int[], SortedSet<int>> _asked = new(TokenRowComparer.Instance);
        private readonly List<int[]> _rows = [];
        private readonly Dictionary<(int[] Row, int Position), int> _indices = [];
        private long _tokens;

        public List<MaskedRow> Looks { get; } = [];

        public int RowCount => _rows.Count;

        public long TokensWith(MaskedRow row) => _tokens + NewTokens(row.Tokens)
            + (row.Unconditional is null ? 0 : NewTokens(row.Unconditional));

        public void Add(MaskedRow row)
        {
            Looks.Add(row);
            Ask(row.Tokens, row.Positions, 0);
            if (row.Unconditional is not null)
                Ask(row.Unconditional, row.Positions, row.UnconditionalShift);
        }

        public SequencePart[] Parts()
        {
            int index = 0;
            var parts = new SequencePart[_rows.Count];
            for (int i = 0; i < parts.Length; i++)
            {
                int[] positions = [.. _asked[_rows[i]]];
                foreach (int position in positions)
                    _indices.Add((_rows[i], position), index++);
                parts[i] = SequencePart.Whole(_rows[i], positions);
            }
            return parts;
        }

        public int IndexOf(int[] row, int position) => _indices[(_rows[_numbers[row]], position)];

        private readonly Dictionary<int[], int> _numbers = new(TokenRowComparer.Instance);

        private int NewTokens(int[] row) => _numbers.ContainsKey(row) ? 0 : row.Length;

        private void Ask(int[] row, int[] positions, int shift)
        {
            if (_numbers.TryAdd(row, _rows.Count))
            {
                _rows.Add(row);
                _asked.Add(row, []);
                _tokens += row.Length;
            }
            foreach (int position in positions)
                _asked[row].Add(position + shift);
        }
    }
}

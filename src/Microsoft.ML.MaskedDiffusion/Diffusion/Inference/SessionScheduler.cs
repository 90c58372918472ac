using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

/// <summary>
/// Sends masked rows of all lengths through a network session together: identical rows once, unless they have a cache, and at most
/// <paramref name="batchTokens"/> tokens at a time.
/// </summary>
internal sealed class SessionScheduler(Func<INetworkSession> openSession, double guidanceScale, int batchTokens) : ILogitSource
{
    private long _networkRows;

    public long NetworkRows => Interlocked.Read(ref _networkRows);

    public void Read(IEnumerable<MaskedRow> rows, MaskedRowReader reader, CancellationToken cancellation)
    {
        var batch = new SessionBatch();
        foreach (MaskedRow row in rows)
        {
            if (batch.Looks.Count > 0 && batch.TokensWith(row) > batchTokens)
            {
                Run(batch, reader, cancellation);
                batch = new SessionBatch();
            }
            batch.Add(row);
        }
        if (batch.Looks.Count > 0)
            Run(batch, reader, cancellation);
    }

    private void Run(SessionBatch batch, MaskedRowReader reader, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        INetworkSession session = openSession();
        using NetworkStates states = session.States(batch.Parts(session));
        Interlocked.Add(ref _networkRows, batch.RowCount);
        var owners = new List<(MaskedRow Row, int Place)>();
        List<int> conditional = [], unconditional = [];
        bool isGuided = false;
        foreach (MaskedRow look in batch.Looks)
        {
            isGuided |= look.Unconditional is not null;
            for (int place = 0; place < look.Positions.Length; place++)
            {
                owners.Add((look, place));
                conditional.Add(batch.IndexOf(look, look.Positions[place], isUnconditional: false));
                // Where guidance changes nothing, the row is its own counterpart, which gives its very logits.
                unconditional.Add(look.Unconditional is null
                    ? conditional[^1]
                    : batch.IndexOf(look, look.Positions[place] + look.UnconditionalShift, isUnconditional: true));
            }
        }
        session.ReadLogits(states, [.. conditional], isGuided ? [.. unconditional] : null, isGuided ? guidanceScale : 0,
            (index, logits) => reader(owners[index].Row, owners[index].Place, logits));
    }
}

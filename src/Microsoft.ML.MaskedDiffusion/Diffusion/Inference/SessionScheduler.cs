using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

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
        ILogitSummarizer? summarizer = session is ILogitSummarizer { SummarizesLogits: true } able ? able : null;
        ILookup<bool, MaskedRow> looks = batch.Looks.ToLookup(look => summarizer is not null && look.Greedy is not null);
        if (looks.Contains(false))
        {
            Asked asked = Ask(batch, looks[false]);
            session.ReadLogits(states, asked.Rows, asked.Unconditional, asked.Guidance(guidanceScale),
                (index, logits) => reader(asked.Owners[index].Look, asked.Owners[index].Place, logits));
        }
        if (looks.Contains(true))
        {
            Asked asked = Ask(batch, looks[true]);
            ILogitChange[] changes = [.. asked.Owners.Select(owner => owner.Look.Greedy!.ChangeAt(owner.Place))];
            DistributionSummary[] summaries =
                summarizer!.Summarize(states, asked.Rows, asked.Unconditional, asked.Guidance(guidanceScale), changes);
            foreach (((MaskedRow look, int place), DistributionSummary summary) in asked.Owners.Zip(summaries))
                look.Greedy!.Read(place, summary);
        }
    }

    private static Asked Ask(SessionBatch batch, IEnumerable<MaskedRow> looks)
    {
        var owners = new List<(MaskedRow Look, int Place)>();
        List<int> conditional = [], unconditional = [];
        bool isGuided = false;
        foreach (MaskedRow look in looks)
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
        return new Asked([.. owners], [.. conditional], isGuided ? [.. unconditional] : null);
    }

    // The states that are asked for: whose they are, their numbers, and those of guidance's counterparts.
    private sealed record Asked((MaskedRow Look, int Place)[] Owners, int[] Rows, int[]? Unconditional)
    {
        public double Guidance(double scale) => Unconditional is null ? 0 : scale;
    }
}

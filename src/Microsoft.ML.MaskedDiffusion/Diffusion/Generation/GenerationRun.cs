using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Generation;

/// <summary>The writing of the texts of one call, step by step.</summary>
internal sealed class GenerationRun(INetworkSession session, GenerationPlan plan)
{
    private readonly SamplingOptions _sampling = plan.Sampling;
    private readonly Decoder _decoder = new(
        new SessionScheduler(() => session, plan.Sampling.GuidanceScale, plan.Sampling.BatchTokens), plan.Sampling);
    private readonly SharedPlan _shared = new();

    /// <summary>One step of every row, none of which is done; false where it was cancelled before.</summary>
    public bool TryStep(IReadOnlyList<IGeneratingRow> rows, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
            return false;
        GeneratingRow[] masked = [.. rows.OfType<GeneratingRow>()];
        try
        {
            if (masked.Length > 0)
                _decoder.Step([.. masked.Select(row => row.Current)], _shared, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return false;
        }
        foreach (GeneratingRow row in masked)
            row.AfterStep();
        return StepAutoregressive([.. rows.OfType<AutoregressiveRow>()], cancellation);
    }

    private bool StepAutoregressive(AutoregressiveRow[] rows, CancellationToken cancellation)
    {
        var parts = new List<SequencePart>();
        var first = new List<(AutoregressiveRow Row, int Place, bool IsGuided)>();
        long tokens = 0;
        foreach (AutoregressiveRow row in rows)
        {
            // Rows that have not been asked yet are as they were.
            if (parts.Count == 0 && cancellation.IsCancellationRequested)
                return false;
            IReadOnlyList<SequencePart> own = row.Parts();
            first.Add((row, parts.Count, own.Count > 1));
            parts.AddRange(own);
            tokens += own.Sum(part => (long)part.Tokens.Length);
            if (tokens >= _sampling.BatchTokens)
                Flush();
        }
        Flush();
        return !cancellation.IsCancellationRequested || rows.All(row => row.IsDone);

        void Flush()
        {
            if (parts.Count == 0)
                return;
            using NetworkStates states = session.States(parts);
            int[] conditional = [.. first.Select(one => one.Place)];
            int[]? unconditional = first.Any(one => one.IsGuided) ? [.. first.Select(one => one.Place + (one.IsGuided ? 1 : 0))] : null;
            session.ReadLogits(states, conditional, unconditional, _sampling.GuidanceScale,
                (index, logits) => first[index].Row.Read(logits));
            foreach ((AutoregressiveRow row, _, _) in first)
                row.AfterStep();
            parts.Clear();
            first.Clear();
            tokens = 0;
        }
    }
}

using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>
/// Fills many rows together, step by step; every row keeps its own count of steps and its own draws, so rows never affect each other,
/// unless <see cref="SamplingOptions.SharesStepsAmongRows"/> asks for it.
/// </summary>
internal sealed class Decoder(IRowEvaluator evaluator, SamplingOptions options)
{
    private readonly RowScheduler _scheduler = new(evaluator, options.GuidanceScale, options.BatchTokens);

    /// <summary>Rows that went through the network so far.</summary>
    public long NetworkRows => _scheduler.NetworkRows;

    /// <summary>Runs until every row is done. Progress is the share of all positions filled, 0 to 1.</summary>
    public void Run(IReadOnlyList<SamplingRow> rows, IProgress<double>? progress, CancellationToken cancellation)
    {
        double total = rows.Sum(row => row.Total);
        SamplingRow[] active = [.. rows.Where(row => !row.IsDone)];
        int step = 0, initialCount = active.Sum(row => row.Left);
        while (active.Length > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            Step(active, step++, initialCount, cancellation);
            active = [.. active.Where(row => !row.IsDone)];
            progress?.Report(1 - active.Sum(row => row.Left) / total);
        }
    }

    /// <summary>One step of each row.</summary>
    public void Step(IReadOnlyList<SamplingRow> active, CancellationToken cancellation) => Step(active, 0, 0, cancellation);

    private void Step(IReadOnlyList<SamplingRow> active, int step, int initialCount, CancellationToken cancellation)
    {
        var owners = new Dictionary<MaskedRow, (SamplingRow Row, int Number)>();
        foreach (SamplingRow row in active)
        {
            int number = 0;
            foreach (MaskedRow look in row.Look())
                owners.Add(look, (row, number++));
        }
        _scheduler.Read(owners.Keys, (look, place, logits) => owners[look].Row.Read(owners[look].Number, place, logits), cancellation);
        if (options.SharesStepsAmongRows)
        {
            AdvanceTogether(active, step, initialCount);
            return;
        }
        foreach (SamplingRow row in active)
            row.Advance();
    }

    // The positions of all rows are one list, as in SMDM's sampler, which takes the most confident ones of a whole batch.
    private void AdvanceTogether(IReadOnlyList<SamplingRow> active, int step, int initialCount)
    {
        var all = new List<(SamplingRow Row, TokenPrediction Prediction)>();
        foreach (SamplingRow row in active)
            all.AddRange(row.Ranked().OrderBy(prediction => prediction.Position).Select(prediction => (row, prediction)));
        (SamplingRow Row, TokenPrediction Prediction)[] ranked =
            [.. all.OrderByDescending(one => options.Order.Priority(one.Prediction))];
        int count = ranked.Length == 0 ? 0 : options.TokensPerStep.Count(new SamplingStep
        {
            Step = step,
            Steps = options.Steps ?? initialCount,
            InitialCount = initialCount,
            Ranked = ranked.Select(one => one.Prediction).ToArray(),
        });
        ILookup<SamplingRow, TokenPrediction> chosen =
            ranked.Take(Math.Clamp(count, 0, ranked.Length)).ToLookup(one => one.Row, one => one.Prediction);
        foreach (SamplingRow row in active)
        {
            TokenPrediction[] own = [.. chosen[row]];
            row.Commit(own, own.Length);
        }
    }
}

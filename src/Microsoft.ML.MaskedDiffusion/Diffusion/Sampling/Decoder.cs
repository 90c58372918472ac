using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>
/// Fills many rows together, step by step; every row keeps its own count of steps and its own draws, so rows never affect each other,
/// unless <see cref="SamplingOptions.SharesStepsAmongRows"/> asks for it.
/// </summary>
internal sealed class Decoder(ILogitSource source, SamplingOptions options)
{
    /// <summary>Takes the logits from an evaluator of rows of equal length.</summary>
    public Decoder(IRowEvaluator evaluator, SamplingOptions options)
        : this(new RowScheduler(evaluator, options.GuidanceScale, options.BatchTokens), options)
    {
    }

    /// <summary>Rows that went through the network so far.</summary>
    public long NetworkRows => source.NetworkRows;

    /// <summary>Runs until every row is done. Progress is the share of all positions filled, 0 to 1.</summary>
    public void Run(IReadOnlyList<SamplingRow> rows, IProgress<double>? progress, CancellationToken cancellation)
    {
        double total = rows.Sum(row => row.Total);
        SamplingRow[] active = [.. rows.Where(row => !row.IsDone)];
        var plan = new SharedPlan();
        while (active.Length > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            Step(active, plan, cancellation);
            active = [.. active.Where(row => !row.IsDone)];
            progress?.Report(1 - active.Sum(row => row.Left) / total);
        }
    }

    /// <summary>One step of each row, none of which is done.</summary>
    /// <param name="active">The rows.</param>
    /// <param name="plan">Where rows that share their steps stand; one for all steps of a run.</param>
    /// <param name="cancellation">Stops between network calls; no row is changed then.</param>
    public void Step(IReadOnlyList<SamplingRow> active, SharedPlan plan, CancellationToken cancellation)
    {
        var owners = new Dictionary<MaskedRow, (SamplingRow Row, int Number)>();
        foreach (SamplingRow row in active)
        {
            int number = 0;
            foreach (MaskedRow look in row.Look())
                owners.Add(look, (row, number++));
        }
        source.Read(owners.Keys, (look, place, logits) => owners[look].Row.Read(owners[look].Number, place, logits), cancellation);
        if (options.SharesStepsAmongRows)
        {
            AdvanceTogether(active, plan);
            return;
        }
        foreach (SamplingRow row in active)
            row.Advance();
    }

    // The positions of all rows are one list, as in SMDM's sampler, which takes the most confident ones of a whole batch.
    private void AdvanceTogether(IReadOnlyList<SamplingRow> active, SharedPlan plan)
    {
        plan.InitialCount ??= active.Sum(row => row.Left);
        var all = new List<(SamplingRow Row, TokenPrediction Prediction)>();
        foreach (SamplingRow row in active)
            all.AddRange(row.Ranked().OrderBy(prediction => prediction.Position).Select(prediction => (row, prediction)));
        (SamplingRow Row, TokenPrediction Prediction)[] ranked =
            [.. all.OrderByDescending(one => options.Order.CheckedPriority(one.Prediction))];
        int count = ranked.Length == 0 ? 0 : options.TokensPerStep.Count(new SamplingStep
        {
            Step = plan.Step++,
            Steps = options.Steps ?? plan.InitialCount.Value,
            InitialCount = plan.InitialCount.Value,
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

/// <summary>How far rows that share their steps have come.</summary>
internal sealed class SharedPlan
{
    /// <summary>Masked positions of all rows before the first step.</summary>
    public int? InitialCount { get; set; }

    /// <summary>The number of the next step.</summary>
    public int Step { get; set; }
}

using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>
/// Fills many rows together, step by step; every row keeps its own count of steps and its own draws, so rows never affect each other.
/// </summary>
internal sealed class Decoder(IRowEvaluator evaluator, SamplingOptions options)
{
    private readonly RowScheduler _scheduler = new(evaluator, options.GuidanceScale, options.BatchTokens);

    /// <summary>Rows that went through the network so far.</summary>
    public long NetworkRows => _scheduler.NetworkRows;

    /// <summary>Runs until every row is done. Progress is the share of all positions filled, 0 to 1.</summary>
    public void Run(IReadOnlyList<DecodingRow> rows, IProgress<double>? progress, CancellationToken cancellation)
    {
        double total = rows.Sum(row => row.Total);
        DecodingRow[] active = [.. rows.Where(row => !row.IsDone)];
        while (active.Length > 0)
        {
            Dictionary<MaskedRow, DecodingRow> looks = active.ToDictionary(row => row.Look(evaluator.MaskTokenId));
            _scheduler.Read(looks.Keys, (look, place, logits) => looks[look].Choose(place, look.Positions[place], logits), cancellation);
            foreach (DecodingRow row in active)
                row.Advance();
            active = [.. active.Where(row => !row.IsDone)];
            progress?.Report(1 - active.Sum(row => row.Left) / total);
        }
    }
}

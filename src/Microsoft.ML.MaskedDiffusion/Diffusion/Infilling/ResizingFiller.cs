using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Infilling;

/// <summary>
/// Fills gaps of unknown length with a network that has length tokens: lengths and fillings come about together. Texts are filled together
/// and do not affect each other. Safe for several threads.
/// </summary>
/// <param name="source">Gives the logits.</param>
/// <param name="options">How tokens are chosen; checked.</param>
/// <param name="vocabulary">What may be chosen.</param>
/// <param name="config">The network's shape.</param>
/// <param name="endOfTextId">The token that ends a text; null for none.</param>
internal sealed class ResizingFiller(
    ILogitSource source, SamplingOptions options, GapVocabulary vocabulary, TransformerConfig config, int? endOfTextId)
{
    private readonly Decoder _decoder = new(source, options);

    /// <summary>Rows that went through the network so far.</summary>
    public long NetworkRows => _decoder.NetworkRows;

    /// <summary>Fills the gaps of texts.</summary>
    /// <param name="tasks">The texts.</param>
    /// <param name="samples">Draws of each text.</param>
    /// <param name="cancellation">Stops between network calls.</param>
    /// <param name="progress">Told the share of the texts that are filled, 0 to 1.</param>
    public FilledText[] Fill(IReadOnlyList<GapTask> tasks, int samples, CancellationToken cancellation, IProgress<double>? progress)
    {
        ResizingRow[] rows = [.. tasks.SelectMany(task => Enumerable.Range(0, samples).Select(
            sample => new ResizingRow(task.InMiddle(), task.Limits, sample, options, vocabulary, config, endOfTextId)))];
        try
        {
            Run(rows, cancellation, progress);
        }
        finally
        {
            foreach (ResizingRow row in rows)
                row.Dispose();
        }
        return [.. tasks.Select((task, i) => Text(task, rows[(i * samples)..((i + 1) * samples)]))];
    }

    private static FilledText Text(GapTask task, ResizingRow[] draws) => new(
        [.. draws.Select(draw => new FilledSample(task.Fill(draw.Tokens, draw.Gaps), draw.LogProbability))],
        [.. draws[0].Gaps.Select(gap => gap.End.Value - gap.Start.Value)]);

    private void Run(ResizingRow[] rows, CancellationToken cancellation, IProgress<double>? progress)
    {
        var plan = new SharedPlan();
        for (ResizingRow[] active = rows; active.Length > 0; active = [.. active.Where(row => !row.IsDone)])
        {
            cancellation.ThrowIfCancellationRequested();
            _decoder.Step([.. active.Select(row => row.Current)], plan, cancellation);
            foreach (ResizingRow row in active)
                row.Follow();
            progress?.Report((double)rows.Count(row => row.IsDone) / rows.Length);
        }
    }
}

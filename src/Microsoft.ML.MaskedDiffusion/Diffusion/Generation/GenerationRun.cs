using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Generation;

/// <summary>The writing of the texts of one call, step by step.</summary>
internal sealed class GenerationRun(IRowEvaluator evaluator, GenerationPlan plan)
{
    private readonly Decoder _decoder = new(evaluator, plan.Options.Sampling);
    private readonly SharedPlan _shared = new();

    /// <summary>One step of every row; false where it was cancelled before.</summary>
    public bool TryStep(IReadOnlyList<IGeneratingRow> rows, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
            return false;
        GeneratingRow[] own = [.. rows.OfType<GeneratingRow>()];
        try
        {
            _decoder.Step([.. own.Select(row => row.Current)], _shared, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return false;
        }
        foreach (GeneratingRow row in own)
            row.AfterStep();
        return true;
    }
}

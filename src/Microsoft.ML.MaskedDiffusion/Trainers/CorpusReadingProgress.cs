using Microsoft.ML.MaskedDiffusion.Corpora;

namespace Microsoft.ML.MaskedDiffusion.Trainers;

/// <summary>Reports the reading of a corpus as phases of the training.</summary>
internal sealed class CorpusReadingProgress(IProgress<TrainingProgress> inner) : IProgress<CorpusProgress>
{
    public void Report(CorpusProgress value) => inner.Report(new TrainingProgress
    {
        Phase = value.IsPacked ? TrainingPhase.Packing : TrainingPhase.Tokenizing,
        Documents = value.Documents,
        Tokens = value.Tokens,
        Elapsed = value.Elapsed,
        TokensPerSecond = value.Tokens / Math.Max(value.Elapsed.TotalSeconds, 1e-9),
    });
}

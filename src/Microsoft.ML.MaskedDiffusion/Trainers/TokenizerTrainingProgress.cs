using Microsoft.ML.MaskedDiffusion.Text.BytePair;

namespace Microsoft.ML.MaskedDiffusion.Trainers;

/// <summary>Reports the training of a tokenizer as a phase of the training.</summary>
internal sealed class TokenizerTrainingProgress(IProgress<TrainingProgress> inner, TimeProvider clock) : IProgress<BytePairProgress>
{
    private readonly long _start = clock.GetTimestamp();

    public void Report(BytePairProgress value) => inner.Report(new TrainingProgress
    {
        Phase = TrainingPhase.TrainingTokenizer,
        Documents = value.Documents,
        Step = value.Merges,
        MaxSteps = value.TargetMerges,
        Elapsed = clock.GetElapsedTime(_start),
    });
}

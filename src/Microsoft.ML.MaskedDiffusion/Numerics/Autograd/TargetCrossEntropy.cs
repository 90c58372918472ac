using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Autograd;

/// <summary>Minus the log-probability of each row's target. The log-sums of the rows are kept.</summary>
/// <param name="targets">One id for each row, which the caller has checked to be 0 to V - 1.</param>
internal sealed unsafe class TargetCrossEntropy(long[] targets) : IVocabularyLoss
{
    public void Forward(float* logits, int first, int count, int width, float* loss, float* kept)
    {
        fixed (long* ids = targets)
            CrossEntropyKernels.Forward(logits, ids + first, loss, kept, count, width);
    }

    public void Backward(float* logits, int first, int count, int width, float* kept, float* gradient)
    {
        fixed (long* ids = targets)
            CrossEntropyKernels.Backward(logits, ids + first, kept, gradient, logits, count, width);
    }
}

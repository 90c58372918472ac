using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Autograd;

/// <summary>The losses of positions under hybrid noise. Of the logits the first are those of tokens that can be predicted.</summary>
/// <param name="terms">A term for each row.</param>
/// <param name="tokens">How many tokens can be predicted, with the one that is left out.</param>
/// <param name="leftOut">An id among them that is not predicted, such as a mask token's; -1 for none.</param>
internal sealed unsafe class HybridLoss(HybridTerm[] terms, int tokens, int leftOut) : IVocabularyLoss
{
    public void Forward(float* logits, int first, int count, int width, float* loss, float* kept)
    {
        LeaveOut(logits, count, width);
        fixed (HybridTerm* all = terms)
            HybridLossKernels.Forward(logits, all + first, loss, count, width, tokens);
    }

    public void Backward(float* logits, int first, int count, int width, float* kept, float* gradient)
    {
        LeaveOut(logits, count, width);
        fixed (HybridTerm* all = terms)
            HybridLossKernels.Backward(logits, all + first, gradient, count, width, tokens);
    }

    private void LeaveOut(float* logits, int count, int width)
    {
        for (int row = 0; leftOut >= 0 && row < count; row++)
            logits[(long)row * width + leftOut] = float.NegativeInfinity;
    }
}

using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Backends;

/// <summary>
/// Classifier-free guidance without labels (Nie et al., 2024, section 3.2): logits = u + (1 + w) (c - u) with the prediction c, the
/// prediction u with the prompt masked, and the guidance scale w.
/// </summary>
internal static class LogitGuidance
{
    /// <summary>Guided logits from logits of equal shape.</summary>
    public static Tensor Combine(Tensor conditional, Tensor unconditional, double scale)
    {
        using var scope = NewDisposeScope();
        return unconditional.Plus((conditional - unconditional).Times(1 + scale)).MoveToOuterDisposeScope();
    }
}

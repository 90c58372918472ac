namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>One round of masks and the rule that turns their losses into an estimate.</summary>
internal abstract class MaskRound(IReadOnlyList<AnswerMask> masks)
{
    /// <summary>The masks; equal ones may occur.</summary>
    public IReadOnlyList<AnswerMask> Masks { get; } = masks;

    /// <summary>Whether further rounds would change nothing.</summary>
    public abstract bool IsExact { get; }

    /// <summary>The negative log-likelihood and the variance of this estimate, from the summed cross-entropy of each mask's asked positions (nats).</summary>
    public abstract (double Value, double Variance) Combine(ReadOnlySpan<double> losses);
}

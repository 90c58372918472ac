namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>
/// Which positions of a row see which, where <see cref="AttentionReach"/>'s rules do not say it. Every position sees itself. Immutable.
/// </summary>
internal abstract class AttentionMask
{
    /// <summary>Whether a position sees a key.</summary>
    public abstract bool Sees(int position, int key);

    /// <summary>The key after the last one that a position, or one before it, sees.</summary>
    public abstract int End(int position);

    /// <summary>
    /// Makes minus infinity of a position's scores of keys that it does not see; the scores are those of the keys from
    /// <paramref name="start"/> up to but not <see cref="End"/>.
    /// </summary>
    public abstract void Hide(Span<float> scores, int position, int start);
}

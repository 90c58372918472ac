using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>Which answer positions are hidden, and for which of these the loss is asked; both ascending.</summary>
internal sealed class AnswerMask(int[] hidden, int[] asked)
{
    public AnswerMask(int[] hidden) : this(hidden, hidden)
    {
    }

    public int[] Hidden { get; } = hidden;

    public int[] Asked { get; } = asked;
}

/// <summary>Everything that the masks of one round depend on.</summary>
/// <param name="Length">Number of answer tokens L.</param>
/// <param name="Samples">Number of masks to draw.</param>
/// <param name="RoundSize">Draws of one comb of noise levels.</param>
/// <param name="Order">Order of the chain rule; null for left to right.</param>
/// <param name="Seed">The user's seed.</param>
/// <param name="Key">The request's key.</param>
/// <param name="Round">Number of the round, from 0; only an adaptive budget has more than one.</param>
internal readonly record struct RoundKey(
    int Length, int Samples, int RoundSize, IReadOnlyList<int>? Order, ulong Seed, ulong Key, int Round)
{
    /// <summary>
    /// The random numbers of one sample's level and positions: the same for answers of any length, so that the options of a question share
    /// them.
    /// </summary>
    public CounterRandom Sample(int index) => Stream(index, RandomPurpose.Likelihood);

    /// <summary>The random numbers that shift comb number <paramref name="index"/>.</summary>
    public CounterRandom Comb(int index) => Stream(index, RandomPurpose.NoiseLevel);

    private CounterRandom Stream(int index, RandomPurpose purpose) =>
        new(Seed, ContentKey.Combine(Key, (ulong)Round << 32 | (uint)index), purpose);
}

/// <summary>A method whose masks are known before the network has looked at anything.</summary>
internal abstract class MaskMethod(string name) : LikelihoodMethod(name)
{
    /// <summary>The masks of one round of sampling, and how to combine what the network says about them.</summary>
    public abstract MaskRound Plan(in RoundKey key);
}

/// <summary>One round of masks and the rule that turns their losses into an estimate.</summary>
internal abstract class MaskRound(IReadOnlyList<AnswerMask> masks)
{
    /// <summary>The masks; the same mask may occur several times.</summary>
    public IReadOnlyList<AnswerMask> Masks { get; } = masks;

    /// <summary>Whether further rounds would change nothing.</summary>
    public abstract bool IsExact { get; }

    /// <summary>
    /// The negative log-likelihood and the error of this estimate. <paramref name="losses"/> holds, for each mask, the summed
    /// cross-entropy in nats of the positions asked for.
    /// </summary>
    public abstract (double Value, EstimateError Error) Combine(ReadOnlySpan<double> losses);
}

/// <summary>An exact round: a sum of the losses with fixed weights.</summary>
internal sealed class WeightedRound(IReadOnlyList<AnswerMask> masks, double[] weights) : MaskRound(masks)
{
    public override bool IsExact => true;

    public override (double Value, EstimateError Error) Combine(ReadOnlySpan<double> losses)
    {
        double sum = 0;
        for (int i = 0; i < losses.Length; i++)
            sum += weights[i] * losses[i];
        return (sum, default);
    }
}

using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>Masks of exactly l tokens, with l stratified; see <see cref="LevelAllocation"/>.</summary>
internal sealed class ExactCountMethod() : LikelihoodMethod("ExactCount")
{
    internal override MaskRound Plan(in RoundKey key)
    {
        int length = key.Length;
        if (EnumerateMethod.Count(length) <= Math.Max(key.Samples, 1) || length == 1)
            return Enumerate.Plan(key);
        LevelAllocation allocation = LevelAllocation.Create(length, key.Samples);
        var masks = new List<AnswerMask>(key.Samples);
        var weights = new List<double>();
        foreach (int level in allocation.Whole)
        {
            double weight = 1 / (level * Combinations.Count(length, level));
            foreach (int[] hidden in Combinations.All(length, level))
            {
                masks.Add(new AnswerMask(hidden));
                weights.Add(weight);
            }
        }
        var strata = new List<(double, int)>();
        int sample = 0;
        foreach (LevelStratum stratum in allocation.Strata)
        {
            for (int i = 0; i < stratum.Draws; i++)
            {
                CounterRandom random = key.Sample(sample++);
                int level = stratum.Levels[(int)(random.NextDouble() * stratum.Levels.Length)];
                masks.Add(new AnswerMask(SmallestRanked(random, length, level)));
            }
            strata.Add(((double)stratum.Levels.Length / length, stratum.Draws));
        }
        return new StratifiedRound(masks, length, [.. weights], strata);
    }

    // The positions draw their ranks in order, so that answers of different lengths with the same random numbers rank their common
    // positions alike.
    private static int[] SmallestRanked(CounterRandom random, int length, int count)
    {
        var ranks = new double[length];
        var positions = new int[length];
        for (int i = 0; i < length; i++)
            (ranks[i], positions[i]) = (random.NextDouble(), i);
        Array.Sort(ranks, positions);
        Array.Sort(positions, 0, count);
        return positions[..count];
    }
}

/// <summary>
/// Some masks counted with fixed weights, the others drawn in strata, with at least two independent draws in each stratum.
/// </summary>
internal sealed class StratifiedRound(
    IReadOnlyList<AnswerMask> masks, int length, double[] fixedWeights, IReadOnlyList<(double Weight, int Count)> strata) : MaskRound(masks)
{
    public override bool IsExact => false;

    public override (double Value, double Variance) Combine(ReadOnlySpan<double> losses)
    {
        double value = 0, variance = 0;
        for (int i = 0; i < fixedWeights.Length; i++)
            value += fixedWeights[i] * losses[i];
        int first = fixedWeights.Length;
        foreach ((double weight, int count) in strata)
        {
            var values = new double[count];
            for (int i = 0; i < count; i++)
                values[i] = losses[first + i] * length / Masks[first + i].Hidden.Length;
            double mean = values.Average();
            double spread = values.Sum(x => (x - mean) * (x - mean)) / (count - 1);
            value += weight * mean;
            variance += weight * weight * spread / count;
            first += count;
        }
        return (value, variance);
    }
}

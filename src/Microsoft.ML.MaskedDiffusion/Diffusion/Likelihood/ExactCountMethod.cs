using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>Masks of exactly l tokens, with l stratified; see <see cref="LevelAllocation"/>.</summary>
internal sealed class ExactCountMethod() : MaskMethod("ExactCount")
{
    public override MaskRound Plan(in RoundKey key)
    {
        int length = key.Length;
        if (EnumerateMethod.Count(length) <= Math.Max(key.Samples, 1) || length == 1)
            return ((MaskMethod)Enumerate).Plan(key);
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
    // Losses have longer tails than a normal distribution: the variance of two draws with an excess kurtosis of k is worth 1 / (1 + k / 4)
    // degrees of freedom. 0.8 stands for a kurtosis of 1.
    private const double FreedomOfDraw = 0.8;

    public override bool IsExact => false;

    public override (double Value, EstimateError Error) Combine(ReadOnlySpan<double> losses)
    {
        double value = 0;
        for (int i = 0; i < fixedWeights.Length; i++)
            value += fixedWeights[i] * losses[i];
        int first = fixedWeights.Length;
        var drawn = new List<(double Size, double Mean, double Spread)>(strata.Count);
        foreach ((double weight, int count) in strata)
        {
            var values = new double[count];
            for (int i = 0; i < count; i++)
                values[i] = losses[first + i] * length / Masks[first + i].Hidden.Length;
            double mean = values.Average();
            double spread = values.Sum(x => (x - mean) * (x - mean)) / (count - 1);
            value += weight * mean;
            drawn.Add((Masks.Skip(first).Take(count).Average(mask => mask.Hidden.Length), mean, spread));
            first += count;
        }
        return (value, Error(losses, drawn));
    }

    private EstimateError Error(ReadOnlySpan<double> losses, List<(double Size, double Mean, double Spread)> drawn)
    {
        // Means by size, ascending: of the sizes that were taken whole, and of the strata.
        var means = new SortedDictionary<double, double>();
        for (int i = 0; i < fixedWeights.Length; i++)
        {
            int size = Masks[i].Hidden.Length;
            means[size] = means.GetValueOrDefault(size) + fixedWeights[i] * losses[i] * length;
        }
        foreach ((double size, double mean, _) in drawn)
            means[size] = mean;
        double[] sizes = [.. means.Keys], ordered = [.. means.Values];
        double variance = 0, noise = 0, freedom = 0;
        for (int i = 0; i < strata.Count; i++)
        {
            (double weight, int count) = strata[i];
            int at = Array.BinarySearch(sizes, drawn[i].Size);
            double below = at == 0 ? 0 : ordered[at] - ordered[at - 1], above = ordered[at + 1] - ordered[at];
            double step = Math.Max(Math.Abs(below), Math.Abs(above));
            // Two draws seldom show a jump of the loss. Values that lie evenly over the step to a neighbour have the variance step² / 12.
            double own = weight * weight * Math.Max(drawn[i].Spread, step * step / 12) / count;
            variance += own;
            noise += own * own / (count + 1);
            freedom += FreedomOfDraw * (count - 1);
        }
        // A rule of thumb: Welch's form is 2 less. docs/likelihood.md, "Errors", says why it is not taken.
        return variance == 0 ? default : EstimateError.Estimated(variance, Math.Min(freedom, variance * variance / noise));
    }
}

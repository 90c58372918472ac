using System.Runtime.InteropServices;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Quality;

/// <summary>A figure and its standard error.</summary>
internal readonly record struct Measured(double Value, double Error)
{
    /// <summary>The mean of one number a text.</summary>
    public static Measured Mean(IReadOnlyList<double> values) => Ratio(values, [.. values.Select(_ => 1.0)]);

    /// <summary>
    /// The sum of one number a text over the sum of another, such as nats over tokens: texts with more tokens count more. The error is that
    /// of a ratio of means over independent texts.
    /// </summary>
    public static Measured Ratio(IReadOnlyList<double> above, IReadOnlyList<double> below)
    {
        double sum = below.Sum(), ratio = above.Sum() / sum;
        double squares = above.Zip(below, (a, b) => (a - ratio * b) * (a - ratio * b)).Sum();
        return new Measured(ratio, Math.Sqrt(squares * above.Count / Math.Max(1, above.Count - 1)) / sum);
    }

    /// <summary>The difference of two figures of independent texts.</summary>
    public static Measured operator -(Measured left, Measured right) =>
        new(left.Value - right.Value, Math.Sqrt(left.Error * left.Error + right.Error * right.Error));

    public override string ToString() => FormattableString.Invariant($"{Value:F3} ± {Error:F3}");
}

/// <summary>What the tokens of texts say about variety and repetition, whatever a model thinks of them.</summary>
internal static class TextStatistics
{
    private const int Order = 4;

    /// <summary>The 4-grams of a text.</summary>
    public static long GramCount(ReadOnlySpan<int> tokens) => Math.Max(0, tokens.Length - Order + 1);

    /// <summary>The 4-grams of a text that are the same as an earlier one of it.</summary>
    public static long RepeatedGramCount(ReadOnlySpan<int> tokens)
    {
        var seen = new HashSet<(int, int, int, int)>();
        return GramCount(tokens) - AddGrams(tokens, seen);
    }

    /// <summary>Distinct 4-grams of all texts over all 4-grams of all texts: distinct-4 (Li et al., 2016).</summary>
    public static double DistinctShare(IEnumerable<int[]> texts)
    {
        var seen = new HashSet<(int, int, int, int)>();
        long all = 0;
        foreach (int[] tokens in texts)
        {
            AddGrams(tokens, seen);
            all += GramCount(tokens);
        }
        return (double)seen.Count / all;
    }

    /// <summary>The entropy of the frequencies of the tokens, in nats.</summary>
    public static double Entropy(IEnumerable<int> tokens)
    {
        var counts = new Dictionary<int, int>();
        double all = 0, sum = 0;
        foreach (int token in tokens)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(counts, token, out _)++;
            all++;
        }
        foreach (int count in counts.Values)
            sum -= count / all * Math.Log(count / all);
        return sum;
    }

    // How many 4-grams are new.
    private static long AddGrams(ReadOnlySpan<int> tokens, HashSet<(int, int, int, int)> seen)
    {
        long added = 0;
        for (int i = 0; i + Order <= tokens.Length; i++)
            added += seen.Add((tokens[i], tokens[i + 1], tokens[i + 2], tokens[i + 3])) ? 1 : 0;
        return added;
    }
}

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>
/// How many masks of each size an exact-count estimate draws. Where all tokens are about equally hard, the weighted loss of a mask of l out
/// of L tokens has a standard deviation proportional to sqrt(1/l - 1/L), and the best stratified design draws in proportion to that
/// (Neyman, 1934). Of sizes that have fewer masks than draws every mask is taken. The other sizes form strata of neighbours, each with at
/// least two draws, which give it a variance of its own.
/// </summary>
internal sealed class LevelAllocation
{
    private LevelAllocation(IReadOnlyList<int> whole, IReadOnlyList<LevelStratum> strata)
    {
        Whole = whole;
        Strata = strata;
    }

    /// <summary>Sizes of which every mask is used, ascending; L is always among them.</summary>
    public IReadOnlyList<int> Whole { get; }

    public IReadOnlyList<LevelStratum> Strata { get; }

    /// <summary>
    /// The design for answers of <paramref name="length"/> tokens, 2 or more, with at most <paramref name="samples"/> masks, 3 or more.
    /// </summary>
    public static LevelAllocation Create(int length, int samples)
    {
        List<int> levels = [.. Enumerable.Range(1, length - 1)], whole = [];
        int free = samples - 1;
        while (TakeWhole(levels, length, free) is { } level)
        {
            levels.Remove(level);
            whole.Add(level);
            free -= (int)Combinations.Count(length, level);
        }
        whole.Add(length);
        whole.Sort();
        return new LevelAllocation(whole, Split(levels, length, free));
    }

    private static double Mass(int level, int length) => Math.Sqrt(1.0 / level - 1.0 / length);

    private static int? TakeWhole(List<int> levels, int length, int free)
    {
        double mass = levels.Sum(level => Mass(level, length));
        foreach (int level in levels)
        {
            double count = Combinations.Count(length, level);
            // The other sizes must keep two draws.
            if (count <= free * Mass(level, length) / mass && (levels.Count == 1 || free - count >= 2))
                return level;
        }
        return null;
    }

    private static List<LevelStratum> Split(List<int> levels, int length, int free)
    {
        var strata = new List<LevelStratum>();
        double massLeft = levels.Sum(level => Mass(level, length));
        for (int at = 0, pairs = free / 2; at < levels.Count;)
        {
            double target = massLeft / pairs, mass = 0;
            int start = at;
            do
                mass += Mass(levels[at], length);
            while (++at < levels.Count && (pairs == 1 || mass + Mass(levels[at], length) / 2 <= target));
            int taken = at == levels.Count ? pairs : Math.Clamp((int)Math.Round(mass / target), 1, pairs - 1);
            strata.Add(new LevelStratum([.. levels[start..at]], 2 * taken));
            pairs -= taken;
            massLeft -= mass;
        }
        return strata;
    }
}

/// <summary>Mask sizes that are drawn with equal chances, and how many draws they get together.</summary>
internal sealed record LevelStratum(int[] Levels, int Draws);

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>Subsets of k out of n positions.</summary>
internal static class Combinations
{
    /// <summary>How many: n! / (k! (n - k)!), exact up to 2^53, infinity above (no caller could use so many).</summary>
    public static double Count(int n, int k)
    {
        double count = 1;
        for (int i = 1; i <= Math.Min(k, n - k); i++)
        {
            count = Math.Round(count * (n - i + 1) / i);
            if (count > 1L << 53)
                return double.PositiveInfinity;
        }
        return count;
    }

    /// <summary>All of them, in lexicographic order, each ascending.</summary>
    public static IEnumerable<int[]> All(int n, int k)
    {
        int[] current = [.. Enumerable.Range(0, k)];
        while (true)
        {
            yield return (int[])current.Clone();
            int i = k - 1;
            while (i >= 0 && current[i] == n - k + i)
                i--;
            if (i < 0)
                yield break;
            current[i]++;
            for (int j = i + 1; j < k; j++)
                current[j] = current[j - 1] + 1;
        }
    }
}

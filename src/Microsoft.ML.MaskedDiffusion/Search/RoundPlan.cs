namespace Microsoft.ML.MaskedDiffusion.Search;

/// <summary>
/// Divides what a search can measure now among the ranks of its group, so that all are busy until the longest work is done.
/// </summary>
internal static class RoundPlan
{
    /// <summary>
    /// Each rank gets one item; then whoever has least gets another one, as long as nobody has more than the longest of the first items.
    /// </summary>
    /// <param name="items">The items, the most wanted first; read as far as they are needed.</param>
    /// <param name="costOf">What an item costs, above 0.</param>
    /// <param name="ranks">The number of ranks.</param>
    /// <returns>The items of each rank, in the order of ranks.</returns>
    public static IReadOnlyList<T>[] Of<T>(IEnumerable<T> items, Func<T, double> costOf, int ranks)
    {
        var plan = new List<T>[ranks];
        for (int rank = 0; rank < ranks; rank++)
            plan[rank] = [];
        double[] loads = new double[ranks];
        double longest = 0;
        foreach (T item in items)
        {
            int rank = Array.IndexOf(plan, plan.FirstOrDefault(own => own.Count == 0));
            if (rank < 0)
                rank = Array.IndexOf(loads, loads.Min());
            double cost = costOf(item);
            bool isFirst = plan[rank].Count == 0;
            // Sums of shares are not exact.
            if (!isFirst && loads[rank] + cost > longest * (1 + 1e-9))
                continue;
            plan[rank].Add(item);
            loads[rank] += cost;
            if (isFirst)
                longest = Math.Max(longest, cost);
            if (plan.All(own => own.Count > 0) && loads.Min() >= longest * (1 - 1e-9))
                break;
        }
        return plan;
    }
}

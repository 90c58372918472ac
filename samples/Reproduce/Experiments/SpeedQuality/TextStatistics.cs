namespace Reproduce.Experiments.SpeedQuality;

/// <summary>How much texts repeat themselves.</summary>
internal static class TextStatistics
{
    /// <summary>The entropy of a text's own token frequencies, in nats: 0 for one token over and over, log n for n others.</summary>
    public static double Entropy(int[] tokens) =>
        tokens.CountBy(token => token).Sum(token => -(double)token.Value / tokens.Length * Math.Log((double)token.Value / tokens.Length));

    /// <summary>How many different pairs of neighbouring tokens there are for each pair, over all texts (distinct-2); 0 to 1.</summary>
    public static double DistinctPairs(IReadOnlyList<int[]> texts)
    {
        (int, int)[] pairs = [.. texts.SelectMany(tokens => tokens.Zip(tokens.Skip(1)))];
        return pairs.Length == 0 ? 0 : (double)pairs.Distinct().Count() / pairs.Length;
    }
}

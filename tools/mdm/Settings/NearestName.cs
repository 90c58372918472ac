namespace Mdm.Settings;

/// <summary>The name that somebody may have meant.</summary>
internal static class NearestName
{
    /// <summary>
    /// Of the names that there are, the one with the fewest letters to change, add or take away, less those with which both begin. Case
    /// does not count.
    /// </summary>
    public static string Of(string name, IEnumerable<string> names)
    {
        string text = name.ToUpperInvariant();
        return names.MinBy(known => Distance(text, known.ToUpperInvariant()) - Beginning(text, known.ToUpperInvariant()))!;
    }

    private static int Beginning(string a, string b) => a.Zip(b).TakeWhile(pair => pair.First == pair.Second).Count();

    // Levenshtein's distance, row by row.
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(changed, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[^1];
    }
}

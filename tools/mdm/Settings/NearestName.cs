namespace Mdm.Settings;

/// <summary>The name that somebody may have meant.</summary>
internal static class NearestName
{
    /// <summary>
    /// "; the nearest is ..." with the name that has the fewest letters to change, add or take away, less those with which both begin;
    /// nothing where no name is near. Case does not count.
    /// </summary>
    /// <param name="name">What was written.</param>
    /// <param name="names">The names that there are.</param>
    /// <param name="before">What stands before each of them.</param>
    public static string Hint(string name, IEnumerable<string> names, string before = "")
    {
        string text = name.ToUpperInvariant();
        string? nearest = names.Where(known => IsNear(text, known.ToUpperInvariant()))
            .MinBy(known => Distance(text, known.ToUpperInvariant()) - Beginning(text, known.ToUpperInvariant()));
        return nearest is null ? "" : $"; the nearest is {before}{nearest}";
    }

    // At most half of the letters are other ones, or both begin with most of what was written.
    private static bool IsNear(string text, string known)
    {
        int length = text.TrimStart('-').Length, begun = Beginning(text.TrimStart('-'), known.TrimStart('-'));
        return 2 * Distance(text, known) <= length || (begun >= 3 && 2 * begun >= length);
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

namespace Reproduce.Experiments.ReverseCurse;

/// <summary>
/// BLEU of one text against one reference (Papineni et al., 2002): the geometric mean of the precisions of n-grams of 1 to 4 symbols, times
/// the brevity penalty.
/// </summary>
internal static class Bleu
{
    private const int MaxLength = 4;

    /// <summary>
    /// As SMDM publishes it: over characters and without smoothing, so 0 where no four characters in a row agree.
    /// </summary>
    public static double OfCharacters(string text, string reference) =>
        Score([.. text.Select(c => c.ToString())], [.. reference.Select(c => c.ToString())], smoothing: 0);

    /// <summary>
    /// Over words, with one added to both counts of n-grams of two words and more (Lin and Och, 2004), so that short texts have a score.
    /// </summary>
    public static double OfWords(string text, string reference) => Score(Words(text), Words(reference), smoothing: 1);

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static double Score(string[] text, string[] reference, double smoothing)
    {
        if (text.Length == 0)
            return 0;
        double logarithm = 0;
        for (int n = 1; n <= MaxLength; n++)
        {
            Dictionary<string, int> left = Grams(reference, n);
            double added = n == 1 ? 0 : smoothing, matches = added, total = Math.Max(1, text.Length - n + 1) + added;
            foreach ((string gram, int count) in Grams(text, n))
                matches += Math.Min(count, left.GetValueOrDefault(gram));
            if (matches == 0)
                return 0;
            logarithm += Math.Log(matches / total) / MaxLength;
        }
        double brevity = text.Length > reference.Length ? 0 : 1 - (double)reference.Length / text.Length;
        return Math.Exp(logarithm + brevity);
    }

    private static Dictionary<string, int> Grams(string[] symbols, int n)
    {
        var grams = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i + n <= symbols.Length; i++)
        {
            string gram = string.Join('\u0001', symbols, i, n);
            grams[gram] = grams.GetValueOrDefault(gram) + 1;
        }
        return grams;
    }
}

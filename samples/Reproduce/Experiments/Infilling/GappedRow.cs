namespace Reproduce.Experiments.Infilling;

/// <summary>A text with some words in its middle taken out. The three parts in order are the text.</summary>
/// <param name="Left">The words before the gap.</param>
/// <param name="Middle">The words that were taken out, with the space before them.</param>
/// <param name="Right">The words behind the gap, with the space before them.</param>
internal sealed record GappedRow(string Left, string Middle, string Right)
{
    /// <summary>Takes some words out of a text at a random place.</summary>
    /// <param name="text">A text with single spaces between its words.</param>
    /// <param name="length">The number of words taken out.</param>
    /// <param name="margin">The least number of words on each side of the gap.</param>
    /// <param name="random">Chooses the place.</param>
    public static GappedRow Cut(string text, int length, int margin, Random random)
    {
        string[] words = text.Split(' ');
        int start = random.Next(margin, words.Length - length - margin + 1);
        return Cut(words, start, start + length);
    }

    /// <summary>
    /// Takes a middle out of a text between two of its word borders, all pairs of borders being equally probable, with a word or more on
    /// each side. This is the fill-in-the-middle of Bavarian et al. (2022) with words in place of characters.
    /// </summary>
    /// <param name="text">A text of three words or more.</param>
    /// <param name="random">Chooses the borders.</param>
    public static GappedRow CutAnywhere(string text, Random random)
    {
        string[] words = text.Split(' ');
        // Of two different borders, the first one begins the gap.
        int one = random.Next(1, words.Length), other = random.Next(1, words.Length - 1);
        if (other >= one)
            other++;
        return Cut(words, Math.Min(one, other), Math.Max(one, other));
    }

    private static GappedRow Cut(string[] words, int start, int end) => new(
        string.Join(' ', words[..start]),
        " " + string.Join(' ', words[start..end]),
        " " + string.Join(' ', words[end..]));
}

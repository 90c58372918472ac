using System.Text;
using Microsoft.ML.MaskedDiffusion.Text.BytePair;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Texts for the tests of this folder, made from seeds.</summary>
internal static class Corpora
{
    private static readonly (int Low, int High)[] Ranges =
    [
        (0x20, 0x7E), (0x20, 0x7E), (0x61, 0x7A), (0x00, 0x1F), (0x80, 0x24F), (0x300, 0x36F), (0x370, 0x4FF), (0x590, 0x6FF),
        (0x2000, 0x206F),
        (0x3040, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xFE00, 0xFFFF), (0x1D400, 0x1D7FF), (0x1F300, 0x1FAFF), (0x20000, 0x2A6DF),
        (0x10FF00, 0x10FFFF),
    ];

    private static readonly string[] Syllables = ["the", "tion", " a", "ing", "er", "and", "re", "st", " in", "ed", "q", "zz", "é", "日本"];

    /// <summary>English-looking documents with many repetitions.</summary>
    public static string[] Documents(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => string.Join(' ', Enumerable.Range(0, 12).Select(_ => Word())) + ".\n")];

        string Word() => string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => Syllable()));
        string Syllable() => Syllables[(int)(Syllables.Length * Math.Pow(random.NextDouble(), 2))];
    }

    /// <summary>Any valid Unicode, in runs of one script.</summary>
    public static string Unicode(Random random, int runes)
    {
        var text = new StringBuilder();
        (int low, int high) = Ranges[0];
        while (runes-- > 0)
        {
            if (random.Next(4) == 0)
                (low, high) = Ranges[random.Next(Ranges.Length)];
            int value = random.Next(6) == 0 ? ' ' : random.Next(low, high + 1);
            text.Append(Rune.IsValid(value) ? new Rune(value) : Rune.ReplacementChar);
        }
        return text.ToString();
    }

    public static TextTokenizer ByteLevel { get; } = BytePairTrainer.Train(Documents(1, 200), 400);
}

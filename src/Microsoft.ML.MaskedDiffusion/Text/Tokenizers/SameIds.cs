using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

/// <summary>Compares a tokenizer of the ML.NET package with the one that its files give here.</summary>
internal static class SameIds
{
    private static readonly string[] Texts =
    [
        "a", " a", "the", " The quick brown fox jumps over the lazy dog.", "I'm sure you'll say it's HERS, don't you? WE'RE not.",
        "'s 'S 't 'LL",
        "  two  spaces ", "tabs\tand\nlines\r\n\r\n  indented\n", "   \n   x", "trailing   ", "1 12 123 1234 12345.678,90 ½ ² Ⅷ ٣٤",
        "x=y+1; // (a[b]{c}) <d/> @#$%^&*~`|\\ \"quoted\" 'single' ...---!!!", "snake_case camelCase PascalCase UPPER kebab-case",
        "naïve café Ångström e\u0301\u0302", "日本語の文字、中文汉字。한국어", "العربية مرحبا שלום", "हिन्दी தமிழ் ไทย",
        "Ελληνικά русский ΣΑΣ σας",
        "😀 👍🏽 👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 ❤️", "\u00A0\u2003\u3000wide", "\u200B\u200D\uFEFF", "aaaaaaaaaaaaaaaaaaaaaaaa", "...........",
        "==========", "ﬁ ß İ ı ſ K",
    ];

    /// <exception cref="InvalidDataException">A text has other ids.</exception>
    public static void Check(Tokenizer tokenizer, TextTokenizer files, string place, IEnumerable<string> samples)
    {
        foreach (string text in Texts.Concat(samples))
        {
            if (FirstDifference(tokenizer, files, text) is { } difference)
                throw new InvalidDataException($"The tokenizer gives other ids than the files in '{place}': {difference}");
        }
    }

    /// <summary>The first of this library's texts that has other ids, described, or null.</summary>
    public static string? FirstDifference(Tokenizer tokenizer, TextTokenizer files) =>
        Texts.Select(text => FirstDifference(tokenizer, files, text)).FirstOrDefault(difference => difference is not null);

    private static string? FirstDifference(Tokenizer tokenizer, TextTokenizer files, string text)
    {
        int[] theirs = Ids(tokenizer, text);
        int[] ours = files.Encode(text);
        return theirs.AsSpan().SequenceEqual(ours) ? null
            : $"'{TextExcerpt.Of(text)}' is {Shown(theirs)} to the tokenizer and {Shown(ours)} to the files.";
    }

    // Beginning and end of a text are not part of its ids here.
    private static int[] Ids(Tokenizer tokenizer, string text) => tokenizer switch
    {
        SentencePieceTokenizer pieces => [.. pieces.EncodeToIds(text, false, false)],
        BertTokenizer bert => [.. bert.EncodeToIds(text, addSpecialTokens: false)],
        _ => [.. tokenizer.EncodeToIds(text)],
    };

    private static string Shown(int[] ids) => ids.Length <= 12 ? $"[{string.Join(' ', ids)}]" : $"[{string.Join(' ', ids.Take(12))} ...]";
}

using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Strings that tokenizers are likely to disagree about, made from a seed.</summary>
internal static class NastyTexts
{
    private static readonly string[] Parts =
    [
        "\0", "a\0b", " ", "  ", "   ", "\t", "\n", "\r\n", "\n\n\n", " \n ", "\u00A0", "\u2003", "\u3000", "\u200B", "\u200D",
        "\uFEFF", "\u2028", "\u0085", "\u0001", "\u001F", "\u007F", "\u009F", "\u001C", "the", "The", "THE", "string", " and", "tion",
        "'s", "'S", "'t", "'re", "'VE", "'ll", "'d", "don't", "I'm", "'", "''", "’s", "'ſ", "K", "0", "1", "12", "123", "1234",
        "1234567890", "3.14", "１２３", "½", "Ⅷ", "²", "٣٤", "𝟗", "१२", ".", ",", "!", "?!", "...", "---", "()", "[]", "{}", "<", ">",
        "</", "/>", "@#$%", "^&*", "_", "~", "`", "\"", "\\", "|", "«»", "。", "¿", "é", "e\u0301", "ñ", "n\u0303", "Å", "\u212B",
        "ö\u0323", "o\u0323\u0308", "ﬁ", "ﬀ", "ß", "İ", "ı", "ſ", "Σς", "ǅ", "Ǆ", "①", "㍿", "ｶﾞ", "日本", "中文字", "漢", "ひらがな", "カタカナ",
        "한국어", "각", "\u1100\u1161\u11A8", "豈", "𠀀", "𠀀's", "a𠀀b", "𝐀", "𐐀𐐨", "𝒳", "العربية", "مَرْحَبًا", "שָׁלוֹם", "हिन्दी",
        "क्षि",
        "தமிழ்", "ไทย", "русский", "Ελληνικά", "😀", "👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "1️⃣", "❤️", "☃", "\U0001F9D1",
        "e\u0301\u0302\u0323", "\u0301", "a\u0300\u0316", "▁", "▁▁", "Ġ", "##", "##ing", "<0x0A>", "<s>", "</s>", "<unk>", "[UNK]",
        "[MASK]", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|mask|>", "<sep>", "<extra>", "<Norm>", " <left>", "<right>  ",
        "word", "words", "aword", "\uFFFD", "\uE000", "\U0010FFFD",
    ];

    /// <summary>The strings: each part alone, runs of each, and mixtures.</summary>
    public static string[] Create(int seed, int count)
    {
        var random = new Random(seed);
        var texts = new List<string>(Parts);
        texts.AddRange(Parts.Where((_, i) => i % 3 == 0).Select(part => string.Concat(Enumerable.Repeat(part, 2 + random.Next(9)))));
        texts.Add(new string('a', 3000));
        texts.Add(new string(' ', 500) + "x");
        texts.Add(string.Concat(Enumerable.Repeat("ab c", 700)));
        while (texts.Count < count)
        {
            var text = new StringBuilder();
            int parts = random.Next(1, 16);
            bool spaced = random.Next(2) == 0;
            for (int i = 0; i < parts; i++)
            {
                text.Append(random.Next(8) == 0 ? Corpora.Unicode(random, random.Next(1, 6)) : Parts[random.Next(Parts.Length)]);
                if (spaced && random.Next(2) == 0)
                    text.Append(' ');
            }
            texts.Add(text.ToString());
        }
        return [.. texts.Take(count)];
    }
}

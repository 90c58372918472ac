using System.Globalization;
using System.Text;
using Microsoft.ML.MaskedDiffusion.Text.Patterns;
using Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Normalization;
using Microsoft.ML.MaskedDiffusion.Text.Tokenizers.SentencePiece;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>Several normalizers, one after the other.</summary>
internal sealed class NormalizerSequence(IReadOnlyList<ITextNormalizer> steps) : ITextNormalizer
{
    public string Normalize(string text, bool startsText)
    {
        foreach (ITextNormalizer step in steps)
            text = step.Normalize(text, startsText);
        return text;
    }
}

/// <summary>One of Unicode's four normalization forms.</summary>
internal sealed class UnicodeFormNormalizer(bool compatibility, bool compose) : ITextNormalizer
{
    public string Normalize(string text, bool startsText) => UnicodeNormalizer.Normalize(text, compatibility, compose);
}

/// <summary>Lower case, character by character, whatever the language of the machine.</summary>
internal sealed class LowercaseNormalizer : ITextNormalizer
{
    public string Normalize(string text, bool startsText) => Lower(text);

    public static string Lower(string text)
    {
        // The only character whose lower case is two characters is the capital I with a dot.
        text = text.Replace("\u0130", "i\u0307", StringComparison.Ordinal).ToLowerInvariant();
        return text.AsSpan().IndexOfAny("\uA7CE\uA7D2\uA7D4\uD81B") < 0
            ? text : string.Concat(text.EnumerateRunes().Select(rune => LowerOfUnicode17(rune).ToString()));
    }

    // Letters that are newer than .NET 10, which the Rust library knows.
    private static Rune LowerOfUnicode17(Rune rune) => rune.Value switch
    {
        0xA7CE or 0xA7D2 or 0xA7D4 => new Rune(rune.Value + 1),
        >= 0x16EA0 and <= 0x16EB8 => new Rune(rune.Value + 0x1B),
        _ => rune,
    };
}

/// <summary>Puts a text before another that is not empty; nothing before text that continues other text.</summary>
internal sealed class PrependNormalizer(string prefix) : ITextNormalizer
{
    public string Normalize(string text, bool startsText) => startsText && text.Length > 0 ? prefix + text : text;
}

/// <summary>Replaces a string by another.</summary>
internal sealed class ReplaceNormalizer(string found, string replacement) : ITextNormalizer
{
    public string Normalize(string text, bool startsText) => text.Replace(found, replacement, StringComparison.Ordinal);
}

/// <summary>Replaces what a pattern finds by a string.</summary>
internal sealed class PatternNormalizer(SplitPattern pattern, string replacement) : ITextNormalizer
{
    public string Normalize(string text, bool startsText)
    {
        var result = new StringBuilder(text.Length);
        int done = 0;
        foreach ((int offset, int length) in pattern.Matches(text))
        {
            result.Append(text, done, offset - done).Append(replacement);
            done = offset + length;
        }
        return result.Append(text, done, text.Length - done).ToString();
    }
}

/// <summary>Removes white space at the ends.</summary>
internal sealed class StripNormalizer(bool left, bool right) : ITextNormalizer
{
    public string Normalize(string text, bool startsText)
    {
        text = left ? text.TrimStart() : text;
        return right ? text.TrimEnd() : text;
    }
}

/// <summary>Removes combining marks.</summary>
internal sealed class StripAccentsNormalizer : ITextNormalizer
{
    public string Normalize(string text, bool startsText) => Without(text, CharacterSet.Marks);

    public static string Without(string text, CharacterSet removed)
    {
        var result = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (!removed.Contains(rune))
                result.Append(rune);
        }
        return result.ToString();
    }
}

/// <summary>BERT's: removes control characters, makes white space spaces, parts ideographs, removes accents and case.</summary>
internal sealed class BertNormalizer(bool clean, bool partIdeographs, bool stripAccents, bool lowercase) : ITextNormalizer
{
    public string Normalize(string text, bool startsText)
    {
        if (clean || partIdeographs)
        {
            var result = new StringBuilder(text.Length);
            foreach (Rune rune in text.EnumerateRunes())
                Append(rune, result);
            text = result.ToString();
        }
        if (stripAccents)
        {
            text = UnicodeNormalizer.Normalize(text, compatibility: false, compose: false);
            text = StripAccentsNormalizer.Without(text, CharacterSet.NonSpacingMarks);
        }
        return lowercase ? LowercaseNormalizer.Lower(text) : text;
    }

    private void Append(Rune rune, StringBuilder result)
    {
        if (clean && CharacterSet.Removed.Contains(rune))
            return;
        if (clean && Rune.IsWhiteSpace(rune))
            result.Append(' ');
        else if (partIdeographs && IsIdeograph(rune.Value))
            result.Append(' ').Append(rune).Append(' ');
        else
            result.Append(rune);
    }

    private static bool IsIdeograph(int value) => value is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF)
        or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF)
        or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);
}

/// <summary>
/// A SentencePiece model's map of characters as the Rust library applies it: a grapheme of fewer than six bytes that begins with a mapped
/// sequence becomes the shortest such sequence's text; of others, each character for itself.
/// </summary>
internal sealed class CharacterMapNormalizer(CharacterMap map) : ITextNormalizer
{
    public string Normalize(string text, bool startsText)
    {
        var result = new StringBuilder(text.Length);
        TextElementEnumerator graphemes = StringInfo.GetTextElementEnumerator(text);
        while (graphemes.MoveNext())
        {
            string grapheme = graphemes.GetTextElement();
            byte[] bytes = Encoding.UTF8.GetBytes(grapheme);
            if (bytes.Length < 6 && map.Shortest(bytes, out ReadOnlySpan<byte> normalized) > 0)
            {
                result.Append(Encoding.UTF8.GetString(normalized));
                continue;
            }
            foreach (Rune rune in grapheme.EnumerateRunes())
                Append(rune, result);
        }
        return result.ToString();
    }

    private void Append(Rune rune, StringBuilder result)
    {
        Span<byte> bytes = stackalloc byte[4];
        if (map.Shortest(bytes[..rune.EncodeToUtf8(bytes)], out ReadOnlySpan<byte> normalized) > 0)
            result.Append(Encoding.UTF8.GetString(normalized));
        else
            result.Append(rune);
    }
}

using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text;

/// <summary>Makes text that UTF-8 can represent.</summary>
internal static class WellFormedText
{
    /// <summary>The text with every lone surrogate replaced by U+FFFD; the same string if there is none.</summary>
    public static string Of(string text)
    {
        int first = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF');
        if (first < 0 || IsWellFormed(text.AsSpan(first)))
            return text;
        var result = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
            result.Append(rune);
        return result.ToString();
    }

    private static bool IsWellFormed(ReadOnlySpan<char> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1]))
                return false;
            i++;
        }
        return true;
    }
}

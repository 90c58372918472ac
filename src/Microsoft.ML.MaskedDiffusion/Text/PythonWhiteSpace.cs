namespace Microsoft.ML.MaskedDiffusion.Text;

/// <summary>White space as Python sees it: four separators are white space there that are none in .NET.</summary>
internal static class PythonWhiteSpace
{
    /// <summary>Whether Python's str.isspace holds.</summary>
    public static bool Is(char character) => char.IsWhiteSpace(character) || character is >= '\u001C' and <= '\u001F';

    /// <summary>A text without white space at its start, as str.lstrip gives it.</summary>
    public static string TrimStart(string text)
    {
        int start = 0;
        while (start < text.Length && Is(text[start]))
            start++;
        return text[start..];
    }

    /// <summary>A text without white space at its end, as str.rstrip gives it.</summary>
    public static string TrimEnd(string text)
    {
        int end = text.Length;
        while (end > 0 && Is(text[end - 1]))
            end--;
        return text[..end];
    }

    /// <summary>A text without white space at its ends, as str.strip gives it.</summary>
    public static string Trim(string text) => TrimStart(TrimEnd(text));
}

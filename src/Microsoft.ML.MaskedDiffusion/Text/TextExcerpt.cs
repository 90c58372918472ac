namespace Microsoft.ML.MaskedDiffusion.Text;

/// <summary>The beginning of a text, for messages.</summary>
internal static class TextExcerpt
{
    private const int MaximumLength = 60;

    /// <summary>Enough of a text to find it: at most 60 characters, or as many as are given, with three dots where it goes on.</summary>
    public static string Of(string text, int length = MaximumLength)
    {
        if (text.Length <= length)
            return text;
        // A character of two parts is shown whole or not at all.
        int end = char.IsHighSurrogate(text[length - 1]) ? length - 1 : length;
        return text[..end] + "...";
    }
}

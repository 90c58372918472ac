namespace Microsoft.ML.MaskedDiffusion.Text;

/// <summary>The beginning of a text, for messages.</summary>
internal static class TextExcerpt
{
    private const int MaximumLength = 60;

    /// <summary>Enough of a text to find it: at most 60 characters, or as many as are given, with three dots where it goes on.</summary>
    public static string Of(string text, int length = MaximumLength) => text.Length <= length ? text : text[..length] + "...";
}

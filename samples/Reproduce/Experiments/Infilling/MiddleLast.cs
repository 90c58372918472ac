namespace Reproduce.Experiments.Infilling;

/// <summary>
/// A text in the order suffix, prefix, middle, in which a model that reads from left to right sees both sides of a gap before it fills it
/// (Bavarian et al., 2022). The middle ends with the row. Three control characters that no text has stand before the three parts.
/// </summary>
internal static class MiddleLast
{
    private const char BeforeSuffix = '\u0001', BeforePrefix = '\u0002', BeforeMiddle = '\u0003';

    /// <summary>The tokens that this order takes in addition to those of the text: each of the characters is a token.</summary>
    public const int AdditionalTokens = 3;

    /// <summary>What stands before the middle.</summary>
    public static string Prompt(GappedRow row) => BeforeSuffix + row.Right + BeforePrefix + row.Left + BeforeMiddle;

    /// <summary>The whole row.</summary>
    public static string Row(GappedRow row) => Prompt(row) + row.Middle;

    /// <summary>Whether a text can be written so: it has none of the characters.</summary>
    public static bool IsPossible(string text) => text.AsSpan().IndexOfAny(BeforeSuffix, BeforePrefix, BeforeMiddle) < 0;
}

using System.Globalization;
using System.Text.RegularExpressions;

namespace Reproduce.Experiments.MathProblems;

/// <summary>
/// Takes the answer out of a written text and compares it with the reference, as "Scaling up Masked Diffusion Models on Text" does for
/// GSM8K. The published check also reads formulas in LaTeX, which no answer of GSM8K has; numbers are compared by their value.
/// </summary>
internal static partial class AnswerCheck
{
    // Words that the published check removes from an answer.
    private static readonly string[] Units =
    [
        "square", "ways", "integers", "dollars", "mph", "inches", "ft", "hours", "km", "units", "points", "feet", "minutes", "digits",
        "cents", "degrees", "cm", "gm", "pounds", "meters", "meals", "edges", "students", "multiples",
    ];

    /// <summary>What stands after the first "#### " of the text's last line; empty where it has none.</summary>
    public static string Extract(string text) => Mark().Match(text).Groups[1].Value;

    /// <summary>
    /// An answer without what does not matter: what stands before its last '=', spaces, currency signs, units, a full stop at the end, and
    /// commas that group digits.
    /// </summary>
    public static string Normalize(string answer)
    {
        string rest = answer[(answer.LastIndexOf('=') + 1)..].Replace(" ", "", StringComparison.Ordinal)
            .Replace("$", "", StringComparison.Ordinal);
        foreach (string unit in Units)
            rest = rest.Replace(unit, "", StringComparison.Ordinal);
        rest = rest.TrimEnd('.');
        return GroupedDigits().IsMatch(rest) ? rest.Replace(",", "", StringComparison.Ordinal) : rest;
    }

    /// <summary>Whether two answers are the same after <see cref="Normalize"/>: as numbers where both are numbers, else as texts.</summary>
    public static bool AreEqual(string answer, string reference)
    {
        (string one, string other) = (Normalize(answer), Normalize(reference));
        return IsNumber(one, out decimal first) && IsNumber(other, out decimal second)
            ? first == second
            : one.Length > 0 && one == other;
    }

    private static bool IsNumber(string text, out decimal number) => decimal.TryParse(
        text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);

    [GeneratedRegex("#### (.*)$")]
    private static partial Regex Mark();

    [GeneratedRegex(@"^-?\d+(,\d+)+(\.\d+)?$")]
    private static partial Regex GroupedDigits();
}

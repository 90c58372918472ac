using System.Globalization;

namespace Microsoft.ML.MaskedDiffusion.Options;

/// <summary>The one way an option that is out of its range is refused: what it is, its value, what is allowed.</summary>
internal static class OptionRange
{
    /// <param name="holds">Whether the value is allowed.</param>
    /// <param name="option">The parameter name of the exception.</param>
    /// <param name="subject">How the message calls the option.</param>
    /// <param name="value">The value seen.</param>
    /// <param name="allowed">What it must be, and the remedy.</param>
    /// <exception cref="ArgumentOutOfRangeException">The value is not allowed.</exception>
    public static void Require(bool holds, string option, string subject, object? value, string allowed)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(option, value,
                string.Create(CultureInfo.InvariantCulture, $"{subject} is {Shown(value)}; it must be {allowed}."));
    }

    private static object Shown(object? value) => value switch { null => "null", string text => $"'{text}'", _ => value };
}

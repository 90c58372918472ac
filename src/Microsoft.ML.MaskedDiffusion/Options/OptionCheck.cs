using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.MaskedDiffusion.Options;

/// <summary>
/// The one way an option is checked. A message names the option, its value, what is allowed and the remedy. A value out of its range is an
/// <see cref="ArgumentOutOfRangeException"/>, and so is a value that the other options do not allow. A missing object is an
/// <see cref="ArgumentNullException"/>; an empty or repeated name or text is an <see cref="ArgumentException"/>. Options of a group are
/// named with their group, such as "Optimizer.Beta2".
/// </summary>
internal static class OptionCheck
{
    /// <summary>Refuses a value that is out of its range.</summary>
    /// <param name="holds">Whether the value is allowed.</param>
    /// <param name="option">The option, with its group before it.</param>
    /// <param name="value">The value seen.</param>
    /// <param name="allowed">What the value must be, and the remedy: the end of "it must be ...".</param>
    /// <exception cref="ArgumentOutOfRangeException">The value is not allowed.</exception>
    public static void Require(bool holds, string option, object? value, string allowed)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(option, value, Message(option, value, allowed));
    }

    /// <summary>Refuses a number that is not one of an enumeration's names.</summary>
    public static void RequireDefined<T>(T value, string option)
        where T : struct, Enum =>
        Require(Enum.IsDefined(value), option, value, $"one of {string.Join(", ", Enum.GetNames<T>())}");

    /// <summary>Refuses a number that is not above 0 and finite; null is allowed.</summary>
    public static void RequirePositiveOrNull(double? value, string option) =>
        Require(value is null || (value > 0 && double.IsFinite(value.Value)), option, value, "above 0 and finite, or null");

    /// <summary>Refuses a count below 1; null is allowed.</summary>
    public static void RequireCountOrNull(long? value, string option) =>
        Require(value is null or >= 1, option, value, "at least 1, or null");

    /// <summary>Refuses a count below 1.</summary>
    public static void RequireCount(long value, string option) => Require(value >= 1, option, value, "at least 1");

    /// <summary>The number in a value's name, such as "Fixed(2)", which must be whole and at least 1.</summary>
    public static int WholeNumber(double value, string option)
    {
        Require(value is >= 1 and <= int.MaxValue && value == Math.Floor(value), option, value, "a whole number, at least 1");
        return (int)value;
    }

    /// <summary>Refuses a share outside 0 to 1.</summary>
    public static void RequireShare(double value, string option) => Require(value is >= 0 and <= 1, option, value, "0 to 1");

    /// <summary>Refuses a batch of rows that is empty or absurdly large.</summary>
    public static void RequireBatchSize(int value, string option = "BatchSize") =>
        Require(value is >= 1 and <= 1 << 20, option, value, "1 to 1048576 rows; it changes speed and memory, not results");

    /// <summary>Refuses a name, folder or other text that is null, empty or white space.</summary>
    /// <exception cref="ArgumentException">The text is null, empty or white space.</exception>
    public static void RequireText([NotNull] string? text, string option, string allowed)
    {
        if (string.IsNullOrWhiteSpace(text))
            throw new ArgumentException(Message(option, text, allowed), option);
    }

    /// <summary>Refuses a text that is allowed by itself, but not beside other options.</summary>
    /// <exception cref="ArgumentException">The text is not allowed.</exception>
    public static void RequireFitting(bool holds, string option, string? text, string allowed)
    {
        if (!holds)
            throw new ArgumentException(Message(option, text, allowed), option);
    }

    /// <summary>Refuses an empty text; null is allowed.</summary>
    /// <exception cref="ArgumentException">The text is empty or white space.</exception>
    public static void RequireTextOrNull(string? text, string option, string allowed)
    {
        if (text is not null)
            RequireText(text, option, allowed + ", or null");
    }

    /// <summary>Refuses null where an object is needed.</summary>
    /// <exception cref="ArgumentNullException">The object is missing.</exception>
    public static void RequireObject([NotNull] object? value, string option, string allowed)
    {
        if (value is null)
            throw new ArgumentNullException(option, Message(option, value, allowed));
    }

    /// <summary>Refuses an empty column name.</summary>
    /// <exception cref="ArgumentException">The name is null, empty or white space.</exception>
    public static void RequireColumnName(string? name, [CallerArgumentExpression(nameof(name))] string option = "") =>
        RequireText(name, option, "the name of a column; leave it unset for the default");

    /// <summary>Refuses empty column names, and two options that name the same column.</summary>
    /// <exception cref="ArgumentException">A name is empty or used twice.</exception>
    public static void RequireColumnNames(params ReadOnlySpan<(string Option, string? Name)> columns)
    {
        for (int i = 0; i < columns.Length; i++)
        {
            RequireColumnName(columns[i].Name, columns[i].Option);
            for (int j = 0; j < i; j++)
            {
                if (columns[i].Name == columns[j].Name)
                {
                    string both = $"Options {columns[j].Option} and {columns[i].Option} are both '{columns[i].Name}'";
                    throw new ArgumentException(both + "; give each column a name of its own.", columns[i].Option);
                }
            }
        }
    }

    private static string Message(string option, object? value, string allowed) =>
        string.Create(CultureInfo.InvariantCulture, $"Option {option} is {Shown(value)}; it must be {allowed}.");

    private static object Shown(object? value) => value switch
    {
        null => "null",
        string text => $"'{text}'",
        bool truth => truth ? "true" : "false",
        _ => value,
    };
}

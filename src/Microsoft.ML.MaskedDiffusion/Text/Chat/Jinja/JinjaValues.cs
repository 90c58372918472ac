using System.Globalization;

namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>A name that has no value, or an element that is not there. It is written as nothing.</summary>
/// <param name="Name">The name, for messages.</param>
internal sealed record JinjaUndefined(string Name);

/// <summary>A function of the language.</summary>
/// <param name="Name">Its name.</param>
internal sealed record JinjaFunction(string Name);

/// <summary>Variables of a template that its loops can change.</summary>
internal sealed class JinjaNamespace
{
    /// <summary>The values by their names.</summary>
    public Dictionary<string, object?> Values { get; } = new(StringComparer.Ordinal);
}

/// <summary>A dictionary, whose keys are texts.</summary>
internal sealed class JinjaMap
{
    /// <summary>The values by their keys, in the order in which they were given.</summary>
    public Dictionary<string, object?> Values { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether there are more attributes in Jinja than these, so that another one is an error and not undefined.</summary>
    public bool IsIncomplete { get; init; }
}

/// <summary>
/// What Python's rules say of values. A value is null, a bool, a long, a double, a string, a list of objects, a <see cref="JinjaMap"/>, a
/// <see cref="JinjaNamespace"/>, a <see cref="JinjaFunction"/> or a <see cref="JinjaUndefined"/>.
/// </summary>
internal static class JinjaValues
{
    /// <summary>Whether a condition with this value holds.</summary>
    public static bool IsTrue(object? value) => value switch
    {
        null or JinjaUndefined => false,
        bool truth => truth,
        long whole => whole != 0,
        double number => number != 0,
        string text => text.Length > 0,
        List<object?> list => list.Count > 0,
        JinjaMap map => map.Values.Count > 0,
        _ => true,
    };

    /// <summary>The number that a value is; true and false are 1 and 0. Null where it is none.</summary>
    public static double? AsNumber(object? value) => value switch
    {
        bool truth => truth ? 1 : 0,
        long whole => whole,
        double number => number,
        _ => null,
    };

    /// <summary>The whole number that a value is; true and false are 1 and 0. Null where it is none.</summary>
    public static long? AsWhole(object? value) => value switch
    {
        bool truth => truth ? 1 : 0,
        long whole => whole,
        _ => null,
    };

    /// <summary>A value as it is written, or null for a kind of value that is not written: lists, dictionaries, functions.</summary>
    public static string? TextOf(object? value) => value switch
    {
        null => "None",
        JinjaUndefined => "",
        string text => text,
        bool truth => truth ? "True" : "False",
        long whole => whole.ToString(CultureInfo.InvariantCulture),
        double number when Math.Abs(number) < 1e15 && number == Math.Floor(number) => number.ToString("F1", CultureInfo.InvariantCulture),
        double number when Math.Abs(number) is >= 1e-4 and < 1e15 => number.ToString("R", CultureInfo.InvariantCulture),
        _ => null,
    };

    /// <summary>What kind of value it is, for messages.</summary>
    public static string KindOf(object? value) => value switch
    {
        null => "none",
        JinjaUndefined undefined => $"'{TextExcerpt.Of(undefined.Name)}', which is undefined,",
        bool => "a truth value",
        long or double => "a number",
        string => "a text",
        List<object?> => "a list",
        JinjaMap => "a dictionary",
        JinjaNamespace => "a namespace",
        _ => "a function",
    };
}

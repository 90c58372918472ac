using System.Globalization;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>Writes a value as JSON in Python's way: a space behind commas and colons, and letters of all scripts as they are.</summary>
internal static class JinjaJson
{
    private const int MostLevels = 20;

    /// <summary>The JSON of a value, or null where it has none: functions, undefined values, broken numbers, deep nesting.</summary>
    public static string? Write(object? value)
    {
        var json = new StringBuilder();
        return TryAppend(json, value, 0) ? json.ToString() : null;
    }

    private static bool TryAppend(StringBuilder json, object? value, int level)
    {
        if (json.Length > JinjaBudget.MostLength || level > MostLevels)
            return false;
        switch (value)
        {
            case null:
                json.Append("null");
                return true;
            case bool truth:
                json.Append(truth ? "true" : "false");
                return true;
            case long whole:
                json.Append(whole.ToString(CultureInfo.InvariantCulture));
                return true;
            case string text:
                AppendText(json, text);
                return true;
            case List<object?> list:
                return TryAppendAll(json, '[', ']', list, item => TryAppend(json, item, level + 1));
            case JinjaMap map:
                return TryAppendAll(json, '{', '}', map.Values, item =>
                {
                    AppendText(json, item.Key);
                    json.Append(": ");
                    return TryAppend(json, item.Value, level + 1);
                });
            default:
                return false;
        }
    }

    private static bool TryAppendAll<T>(StringBuilder json, char start, char end, IEnumerable<T> items, Func<T, bool> tryAppend)
    {
        json.Append(start);
        int count = 0;
        foreach (T item in items)
        {
            if (count++ > 0)
                json.Append(", ");
            if (!tryAppend(item))
                return false;
        }
        json.Append(end);
        return true;
    }

    private static void AppendText(StringBuilder json, string text)
    {
        json.Append('"');
        foreach (char character in text)
        {
            int known = "\n\r\t\b\f\\\"".IndexOf(character);
            if (known >= 0)
                json.Append('\\').Append("nrtbf\\\""[known]);
            else if (character < ' ')
                json.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
            else
                json.Append(character);
        }
        json.Append('"');
    }
}

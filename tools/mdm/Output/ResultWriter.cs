using System.Text.Encodings.Web;
using System.Text.Json;

namespace Mdm.Output;

/// <summary>
/// Writes results in one of three ways: JSON objects, one a line, for machines; tables on a terminal; plain lines anywhere else.
/// </summary>
internal sealed class ResultWriter(ToolConsole console, bool isJson)
{
    private static readonly JsonSerializerOptions Format = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Whether results are written for machines.</summary>
    public bool IsJson => isJson;

    /// <summary>Writes what is known of one thing: an object, or a line for each of its fields.</summary>
    public void Facts(IReadOnlyList<Field> fields)
    {
        if (isJson)
        {
            WriteObject(fields);
            return;
        }
        int width = fields.Max(field => field.Name.Length) + 2;
        foreach (Field field in fields)
        {
            string text = string.Join("\n" + new string(' ', width), field.TextWithUnit.Split('\n'));
            console.Out.WriteLine((field.Name + ":").PadRight(width) + text);
        }
    }

    /// <summary>Writes things of one kind: an object each, or a table with a row each.</summary>
    public void Rows(IReadOnlyList<IReadOnlyList<Field>> rows)
    {
        if (isJson)
        {
            foreach (IReadOnlyList<Field> row in rows)
                WriteObject(row);
        }
        else if (rows.Count > 0 && console.Terminal is { } terminal)
        {
            ResultTable.Draw(terminal, rows);
        }
        else if (rows.Count > 0)
        {
            console.Out.WriteLine(string.Join('\t', rows[0].Select(field => field.Heading)));
            foreach (IReadOnlyList<Field> row in rows)
                console.Out.WriteLine(string.Join('\t', row.Select(field => OneLine(field.Text))));
        }
    }

    /// <summary>Writes one JSON object on a line. JSON has no numbers that are none: they are null.</summary>
    public void WriteObject(IEnumerable<Field> fields) => console.Out.WriteLine(JsonSerializer.Serialize(
        fields.ToDictionary(
            field => field.JsonName, field => field.Value is double number && !double.IsFinite(number) ? null : field.Value), Format));

    // Tabs and line ends part columns and rows, so those in texts are written as in C#.
    private static string OneLine(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\t", "\\t", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)
        .Replace("\r", "\\r", StringComparison.Ordinal);
}

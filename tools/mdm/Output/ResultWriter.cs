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

    /// <summary>
    /// Writes things of one kind: an object each, or a table with a row each. Each is written as soon as it is there, and a terminal's
    /// table at the end, also where the rows end with an error.
    /// </summary>
    public void Rows(IEnumerable<IReadOnlyList<Field>> rows)
    {
        List<IReadOnlyList<Field>> drawn = [];
        try
        {
            foreach ((int number, IReadOnlyList<Field> row) in rows.Index())
            {
                if (isJson)
                    WriteObject(row);
                else if (console.Terminal is not null)
                    drawn.Add(row);
                else
                    WriteLine(row, number == 0);
            }
        }
        finally
        {
            if (drawn.Count > 0)
                ResultTable.Draw(console.Terminal!, drawn);
        }
    }

    /// <summary>Writes one JSON object on a line. JSON has no numbers that are none: they are null.</summary>
    public void WriteObject(IEnumerable<Field> fields) => console.Out.WriteLine(JsonSerializer.Serialize(
        fields.ToDictionary(
            field => field.JsonName, field => field.Value is double number && !double.IsFinite(number) ? null : field.Value), Format));

    private void WriteLine(IReadOnlyList<Field> row, bool isFirst)
    {
        if (isFirst)
            console.Out.WriteLine(string.Join('\t', row.Select(field => field.Heading)));
        console.Out.WriteLine(string.Join('\t', row.Select(field => OneLine(field.Text))));
    }

    // Tabs and line ends part columns and rows, so those in texts are written as in C#.
    private static string OneLine(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\t", "\\t", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)
        .Replace("\r", "\\r", StringComparison.Ordinal);
}

using System.Text;
using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;

/// <summary>How a row that cannot be read or scored is written down: a JSON line with its line, the reason, and the row itself.</summary>
internal static class RejectedRow
{
    // The names in the file.
    private const string Line = "line", Reason = "reason", Row = "row";

    /// <summary>Writes a row. Bytes that are not UTF-8 are U+FFFD.</summary>
    public static void Write(Utf8JsonWriter writer, SourceRow row, string reason, IReadOnlyList<string> fields)
    {
        writer.WriteStartObject();
        writer.WriteNumber(Line, row.Line);
        writer.WriteString(Reason, reason);
        writer.WritePropertyName(Row);
        if (row.Raw.IsEmpty)
        {
            writer.WriteStartObject();
            for (int i = 0; i < row.Values.Count; i++)
            {
                writer.WritePropertyName(fields[i]);
                row.Values[i].WriteJson(writer, withNaN: true);
            }
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteStringValue(Encoding.UTF8.GetString(row.Raw.Span).TrimEnd('\r', '\n'));
        }
        writer.WriteEndObject();
    }
}

using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;

/// <summary>
/// Writes JSON lines. Of an input of JSON lines what is kept stays as it is written, with the line breaks: output columns are put in the
/// place of values or behind the last one.
/// </summary>
/// <param name="layout">The columns.</param>
/// <param name="source">The input if it is JSON lines; else null.</param>
/// <param name="isOutput">Whether the lines are the output, and not to become Parquet. Then NaN is null, and not the text "NaN".</param>
internal sealed class JsonRowWriter(RowLayout layout, JsonLinesSource? source, bool isOutput) : IRowWriter
{
    // Each name with its colon, and what writes a value: made once for all rows.
    private readonly Dictionary<string, byte[]> _names =
        layout.Fields.Concat(layout.Outputs).Distinct().ToDictionary(name => name, JsonText.Name, StringComparer.Ordinal);

    private readonly Utf8JsonWriter _values = new(Stream.Null, JsonText.Options);

    private RowLayout Layout => layout;

    /// <summary>Writes the byte order mark of an input that has one; JSON lines have no other header.</summary>
    public void WriteHeader(IBufferWriter<byte> to)
    {
        if (isOutput && source?.HasMark == true)
            to.Write(Encoding.UTF8.Preamble);
    }

    public void Write(IBufferWriter<byte> to, SourceRow row, IReadOnlyList<FieldValue> outputs)
    {
        var line = new Line(this, to, outputs);
        ReadOnlySpan<byte> end = "}\n"u8;
        if (source is null)
            line.WriteFields(row.Values);
        else if (layout.KeepsAll)
            end = line.WriteWhole(row.Raw.Span);
        else
            end = line.WriteKept(row.Raw.Span);
        line.WriteRest();
        to.Write(end);
        // The last line of a file may have no line break.
        if (!end.EndsWith("\n"u8))
            to.Write("\n"u8);
    }

    // The names of an object's properties, and where their values are.
    private static List<(string Name, Range Value)> Properties(ReadOnlySpan<byte> line)
    {
        List<(string, Range)> properties = [];
        var reader = new Utf8JsonReader(line);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            properties.Add((name, start..(int)reader.BytesConsumed));
        }
        return properties;
    }

    private void Append(IBufferWriter<byte> to, FieldValue value)
    {
        _values.Reset(to);
        value.WriteJson(_values, withNaN: !isOutput);
        _values.Flush();
    }

    // A line that is being written.
    private sealed class Line(JsonRowWriter writer, IBufferWriter<byte> to, IReadOnlyList<FieldValue> outputs)
    {
        private readonly RowLayout _layout = writer.Layout;
        private readonly bool[] _isWritten = new bool[outputs.Count];
        private int _count;

        // The line up to its last value, with the values that are replaced; returns what is behind it.
        public ReadOnlySpan<byte> WriteWhole(ReadOnlySpan<byte> line)
        {
            int written = 0;
            foreach ((string name, Range value) in Properties(line))
            {
                _count++;
                int output = _layout.OutputNamed(name);
                if (output < 0)
                    continue;
                to.Write(line[written..value.Start.Value]);
                Append(output);
                written = value.End.Value;
            }
            int end = line[..line.LastIndexOf((byte)'}')].TrimEnd(" \t\r\n"u8).Length;
            to.Write(line[written..end]);
            return line[end..];
        }

        // The properties that are kept, with the values that are replaced; returns what is behind the last one.
        public ReadOnlySpan<byte> WriteKept(ReadOnlySpan<byte> line)
        {
            to.Write("{"u8);
            List<(string Name, Range Value)> there = Properties(line);
            foreach (int field in _layout.Kept)
            {
                int found = there.FindLastIndex(property => property.Name == _layout.Fields[field]);
                int output = _layout.OutputNamed(_layout.Fields[field]);
                if (found < 0 && output < 0)
                    continue;
                Begin(_layout.Fields[field]);
                if (output >= 0)
                    Append(output);
                else
                    to.Write(line[there[found].Value]);
            }
            return line[line.LastIndexOf((byte)'}')..];
        }

        // The kept fields of a row that is no JSON.
        public void WriteFields(IReadOnlyList<FieldValue> values)
        {
            to.Write("{"u8);
            foreach (int field in _layout.Kept)
            {
                Begin(_layout.Fields[field]);
                int output = _layout.OutputNamed(_layout.Fields[field]);
                if (output >= 0)
                    Append(output);
                else
                    writer.Append(to, values[field]);
            }
        }

        // The output columns that have taken nothing's place.
        public void WriteRest()
        {
            for (int output = 0; output < outputs.Count; output++)
            {
                if (_isWritten[output])
                    continue;
                Begin(_layout.Outputs[output]);
                Append(output);
            }
        }

        private void Begin(string name)
        {
            if (_count++ > 0)
                to.Write(","u8);
            to.Write(writer._names[name]);
        }

        private void Append(int output)
        {
            writer.Append(to, outputs[output]);
            _isWritten[output] = true;
        }
    }
}

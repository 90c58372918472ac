using System.Buffers;
using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;

/// <summary>
/// Writes JSON lines. Of an input of JSON lines what is kept stays as it is written: output columns are put in the place of values or
/// before the closing brace.
/// </summary>
/// <param name="layout">The columns.</param>
/// <param name="isJson">Whether the input is JSON lines.</param>
/// <param name="withNaN">Whether NaN is the text "NaN" and not null.</param>
internal sealed class JsonRowWriter(RowLayout layout, bool isJson, bool withNaN) : IRowWriter
{
    // Each name with its colon, and what writes a value: made once for all rows.
    private readonly Dictionary<string, byte[]> _names =
        layout.Fields.Concat(layout.Outputs).Distinct().ToDictionary(name => name, JsonText.Name, StringComparer.Ordinal);

    private readonly Utf8JsonWriter _values = new(Stream.Null, JsonText.Options);

    private RowLayout Layout => layout;

    public void WriteHeader(IBufferWriter<byte> to)
    {
        // JSON lines have none.
    }

    public void Write(IBufferWriter<byte> to, SourceRow row, IReadOnlyList<FieldValue> outputs)
    {
        var line = new Line(this, to, outputs);
        if (isJson && layout.KeepsAll)
            line.WriteWhole(row.Raw.Span);
        else if (isJson)
            line.WriteKept(row.Raw.Span);
        else
            line.WriteFields(row.Values);
        line.WriteRest();
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
        value.WriteJson(_values, withNaN);
        _values.Flush();
    }

    // A line that is being written.
    private sealed class Line(JsonRowWriter writer, IBufferWriter<byte> to, IReadOnlyList<FieldValue> outputs)
    {
        private readonly RowLayout _layout = writer.Layout;
        private readonly bool[] _isWritten = new bool[outputs.Count];
        private int _count;

        // The line up to its closing brace, with the values that are replaced.
        public void WriteWhole(ReadOnlySpan<byte> line)
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
            to.Write(line[written..line.LastIndexOf((byte)'}')].TrimEnd(" \t\r\n"u8));
        }

        // The properties that are kept, with the values that are replaced.
        public void WriteKept(ReadOnlySpan<byte> line)
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

        // The output columns that have taken nothing's place, and the end of the line.
        public void WriteRest()
        {
            for (int output = 0; output < outputs.Count; output++)
            {
                if (_isWritten[output])
                    continue;
                Begin(_layout.Outputs[output]);
                Append(output);
            }
            to.Write("}\n"u8);
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

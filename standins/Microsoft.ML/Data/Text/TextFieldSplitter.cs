using System.Text;

namespace Microsoft.ML.Data;

/// <summary>Splits a line into fields. The fields lie over the line's own string where they can.</summary>
internal sealed class TextFieldSplitter(TextLoader.Options options)
{
    private readonly char[] _separators = options.Separators;
    private readonly bool _spaceSeparates = options.Separators.Contains(' ');
    private readonly StringBuilder _unquoted = new();
    private ReadOnlyMemory<char>[] _fields = new ReadOnlyMemory<char>[16];
    private int _count;

    /// <summary>A field of the last line; those behind its end are empty.</summary>
    internal ReadOnlyMemory<char> this[int index] => index < _count ? _fields[index] : default;

    /// <summary>Splits off the first fields, and one more where there is one; returns how many there are then.</summary>
    internal int Split(string line, int needed)
    {
        _count = 0;
        int position = 0, previous = -1, sparseStart = -1, limit = int.MaxValue;
        var more = true;
        while (more && (sparseStart >= 0 || _count <= needed))
        {
            more = Next(line, ref position, out var field, out var index);
            if (index < 0)
            {
                if (sparseStart >= 0)
                    throw new FormatException($"Non-sparse formatted value follows sparse formatted value: {line}");
                Put(_count, field);
                continue;
            }
            if (sparseStart < 0)
                (sparseStart, limit) = BeginSparse(line);
            if (index <= previous || index >= limit)
                throw new FormatException($"Sparse item index {index} is out of order or larger than expected: {line}");
            previous = index;
            Put(sparseStart + index, field);
        }
        if (sparseStart >= 0 && _count < sparseStart + limit)
            Put(sparseStart + limit - 1, default);
        return _count;
    }

    private (int Start, int Limit) BeginSparse(string line)
    {
        if (options.InputSize is { } size)
            return (_count, size - _count);
        if (_count == 0 || !int.TryParse(_fields[_count - 1].Span, out var places) || places <= 0)
            throw new FormatException($"Missing dimensionality or ambiguous sparse item: {line}");
        _count--;
        return (_count, places);
    }

    private void Put(int index, ReadOnlyMemory<char> field)
    {
        if (index >= _fields.Length)
            Array.Resize(ref _fields, Math.Max(index + 1, _fields.Length * 2));
        for (; _count < index; _count++)
            _fields[_count] = default;
        _fields[index] = field;
        _count = Math.Max(_count, index + 1);
    }

    /// <summary>Reads a field and steps over the separator behind it; false where the line ends with it.</summary>
    private bool Next(string line, ref int position, out ReadOnlyMemory<char> field, out int index)
    {
        SkipSpaces(line, ref position);
        index = options.AllowSparse ? SparseIndex(line, ref position) : -1;
        if (options.AllowQuoting && position < line.Length && line[position] == '"')
        {
            field = Quoted(line, ref position);
        }
        else
        {
            var length = line.AsSpan(position).IndexOfAny(_separators);
            if (length < 0)
                length = line.Length - position;
            field = line.AsMemory(position, length);
            position += length;
        }
        if (position >= line.Length)
            return false;
        position++;
        return true;
    }

    private void SkipSpaces(string line, ref int position)
    {
        while (!_spaceSeparates && position < line.Length && line[position] == ' ')
            position++;
    }

    private int SparseIndex(string line, ref int position)
    {
        var end = position;
        while (end < line.Length && end < position + 9 && char.IsAsciiDigit(line[end]))
            end++;
        if (end == position || end >= line.Length || line[end] != ':')
            return -1;
        var index = int.Parse(line.AsSpan(position, end - position), System.Globalization.CultureInfo.InvariantCulture);
        position = end + 1;
        SkipSpaces(line, ref position);
        return index;
    }

    /// <summary>A field in quotes. One without an end, or with text behind its end, is badly written and counts as empty.</summary>
    private ReadOnlyMemory<char> Quoted(string line, ref int position)
    {
        _unquoted.Clear();
        var closed = false;
        var clean = true;
        for (position++; position < line.Length && !closed; position++)
        {
            var next = position + 1 < line.Length ? line[position + 1] : '\0';
            if (line[position] == options.EscapeChar && next == '"')
            {
                _unquoted.Append('"');
                position++;
            }
            else if (line[position] == '"')
            {
                closed = true;
            }
            else
            {
                _unquoted.Append(line[position]);
            }
        }
        for (; position < line.Length && !_separators.Contains(line[position]); position++)
            clean &= line[position] == ' ';
        return closed && clean && _unquoted.Length > 0 ? _unquoted.ToString().AsMemory() : default;
    }
}

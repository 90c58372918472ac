namespace Microsoft.ML.MaskedDiffusion.Files;

/// <summary>A place between two records of a file.</summary>
/// <param name="Offset">Bytes before it.</param>
/// <param name="Record">Records before it.</param>
/// <param name="Line">Line breaks before it.</param>
internal readonly record struct RecordPosition(long Offset, long Record, long Line);

/// <summary>
/// The records of a file as bytes, such as lines, from any place between two of them. Memory: one record. Not thread-safe.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="maxBytes">The longest record that is allowed, in bytes, without its line break.</param>
/// <param name="remedy">What the error about a longer record advises.</param>
/// <param name="findEnd">
/// Where the record at the beginning of the bytes ends, behind its line break; -1 if these bytes do not say. The second argument is how
/// many of the bytes have been seen in vain before.
/// </param>
internal sealed class ByteRecords(string path, int maxBytes, string remedy, ByteRecords.EndFinder findEnd) : IDisposable
{
    private const int BufferSize = 1 << 16;

    private readonly FileStream _stream = new(
        path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
    private byte[] _buffer = new byte[BufferSize];
    private int _start, _end;

    /// <summary>Finds the end of a record.</summary>
    public delegate int EndFinder(ReadOnlySpan<byte> bytes, int seen);

    /// <summary>The bytes of the file.</summary>
    public long Length => _stream.Length;

    /// <summary>Where the current record begins.</summary>
    public RecordPosition Position { get; private set; }

    /// <summary>Where the next record begins.</summary>
    public RecordPosition Next { get; private set; }

    /// <summary>The current record with its line break; valid until the next one is read.</summary>
    public ReadOnlyMemory<byte> Current { get; private set; }

    /// <summary>The end of a line, for records that are lines.</summary>
    public static int EndOfLine(ReadOnlySpan<byte> bytes, int seen)
    {
        int end = bytes[seen..].IndexOf((byte)'\n');
        return end < 0 ? -1 : seen + end + 1;
    }

    /// <summary>A record without its line break, \n or \r\n.</summary>
    public static ReadOnlyMemory<byte> WithoutLineBreak(ReadOnlyMemory<byte> record)
    {
        if (record.Span.EndsWith("\n"u8))
            record = record[..^1];
        return record.Span.EndsWith("\r"u8) ? record[..^1] : record;
    }

    /// <summary>Goes to a place between two records.</summary>
    public void Seek(RecordPosition position)
    {
        _stream.Position = position.Offset;
        _start = _end = 0;
        Current = default;
        Position = Next = position;
    }

    /// <summary>Moves to the next record; false at the end of the file.</summary>
    /// <exception cref="InvalidDataException">A record is longer than allowed.</exception>
    public bool MoveNext()
    {
        int seen = 0;
        while (true)
        {
            int end = findEnd(_buffer.AsSpan(_start, _end - _start), seen);
            if (end >= 0)
                return Take(end);
            seen = _end - _start;
            // The line break, of up to two bytes, does not count.
            CheckLength(seen - 2);
            if (!Fill())
                return seen > 0 && Take(seen);
        }
    }

    public void Dispose() => _stream.Dispose();

    private bool Take(int length)
    {
        Current = _buffer.AsMemory(_start, length);
        _start += length;
        CheckLength(WithoutLineBreak(Current).Length);
        Position = Next;
        int breaks = Current.Span.Count((byte)'\n');
        Next = new RecordPosition(Position.Offset + length, Position.Record + 1, Position.Line + breaks);
        return true;
    }

    private void CheckLength(int length)
    {
        if (length > maxBytes)
            throw new InvalidDataException($"{path}, line {Next.Line + 1}: the line has more than {maxBytes} bytes. {remedy}");
    }

    private bool Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        int read = _stream.Read(_buffer.AsSpan(_end));
        _end += read;
        return read > 0;
    }
}

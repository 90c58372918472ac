namespace Microsoft.ML.MaskedDiffusion.Corpora.Documents;

/// <summary>
/// The lines of a file as bytes, without the line breaks (\n or \r\n) and without a byte order mark. Memory: one line. Not thread-safe.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="maxBytes">The longest line that is allowed, in bytes.</param>
/// <param name="remedy">What the error about a longer line advises.</param>
internal sealed class ByteLines(string path, int maxBytes, string remedy) : IDisposable
{
    private const int BufferSize = 1 << 16;

    private readonly FileStream _stream = new(
        path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
    private byte[] _buffer = new byte[BufferSize];
    private int _start, _end;

    private static ReadOnlySpan<byte> Mark => [0xEF, 0xBB, 0xBF];

    /// <summary>The current line's number, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>The current line; valid until <see cref="MoveNext"/> is called again.</summary>
    public ReadOnlyMemory<byte> Current { get; private set; }

    /// <summary>Moves to the next line; false at the end of the file.</summary>
    /// <exception cref="InvalidDataException">A line is longer than allowed.</exception>
    public bool MoveNext()
    {
        int searched = 0;
        while (true)
        {
            int end = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (end >= 0)
                return Take(searched + end, searched + end + 1);
            searched = _end - _start;
            // The line break, of up to two bytes, does not count.
            CheckLength(searched - 2);
            if (!Fill())
                return searched > 0 && Take(searched, searched);
        }
    }

    public void Dispose() => _stream.Dispose();

    private bool Take(int length, int used)
    {
        ReadOnlyMemory<byte> line = _buffer.AsMemory(_start, length);
        _start += used;
        if (line.Span.EndsWith("\r"u8))
            line = line[..^1];
        CheckLength(line.Length);
        Current = Number++ == 0 && line.Span.StartsWith(Mark) ? line[Mark.Length..] : line;
        return true;
    }

    private void CheckLength(int length)
    {
        if (length > maxBytes)
        {
            throw new InvalidDataException($"{path}, line {Number + 1}: the line has more than {maxBytes} bytes. {remedy}");
        }
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

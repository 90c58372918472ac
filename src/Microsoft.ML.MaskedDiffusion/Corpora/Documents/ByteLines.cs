using System.Text;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Documents;

/// <summary>
/// The lines of a file as bytes, without the line breaks (\n or \r\n) and without a byte order mark. Memory: one line. Not thread-safe.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="maxBytes">The longest line that is allowed, in bytes.</param>
/// <param name="remedy">What the error about a longer line advises.</param>
internal sealed class ByteLines(string path, int maxBytes, string remedy) : IDisposable
{
    private readonly ByteRecords _records = new(path, maxBytes, remedy, ByteRecords.EndOfLine);

    /// <summary>The current line's number, from 1.</summary>
    public long Number => _records.Next.Record;

    /// <summary>The current line; valid until <see cref="MoveNext"/> is called again.</summary>
    public ReadOnlyMemory<byte> Current { get; private set; }

    /// <summary>Moves to the next line; false at the end of the file.</summary>
    /// <exception cref="InvalidDataException">A line is longer than allowed.</exception>
    public bool MoveNext()
    {
        if (!_records.MoveNext())
            return false;
        ReadOnlyMemory<byte> line = ByteRecords.WithoutLineBreak(_records.Current);
        Current = Number == 1 && line.Span.StartsWith(Encoding.UTF8.Preamble) ? line[Encoding.UTF8.Preamble.Length..] : line;
        return true;
    }

    public void Dispose() => _records.Dispose();
}

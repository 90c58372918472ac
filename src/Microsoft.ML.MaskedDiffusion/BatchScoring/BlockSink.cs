using System.Buffers;
using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring;

/// <summary>Takes the rows of a block and writes them to the output and to the file of rejected rows, both flushed to the disk.</summary>
internal sealed class BlockSink(
    BatchFiles files, IRowWriter writer, IReadOnlyList<string> fields, FileStream output, FileStream? rejected) : IDisposable
{
    private readonly ArrayBufferWriter<byte> _rows = new(), _rejects = new();
    private FileStream? _rejected = rejected;

    /// <summary>Bytes of the output, with those that are not flushed yet.</summary>
    public long OutputBytes => output.Position + _rows.WrittenCount;

    /// <summary>Bytes of the rejected rows that are flushed.</summary>
    public long RejectedBytes => _rejected?.Position ?? 0;

    public void WriteHeader() => writer.WriteHeader(_rows);

    /// <summary>Writes a row; returns why it cannot be written, else null.</summary>
    public string? Write(ScoredRow row)
    {
        try
        {
            writer.Write(_rows, row.Source, row.Outputs);
            return null;
        }
        catch (InvalidDataException error)
        {
            return error.Message;
        }
    }

    public void Reject(SourceRow row, string fault)
    {
        using (var json = new Utf8JsonWriter(_rejects, JsonText.Options))
            RejectedRow.Write(json, row, fault, fields);
        _rejects.Write("\n"u8);
    }

    /// <summary>Puts what was written onto the disk.</summary>
    public void Flush()
    {
        Flush(_rows, output);
        if (_rejects.WrittenCount == 0)
            return;
        _rejected ??= files.OpenRows(files.PartialRejected, 0);
        Flush(_rejects, _rejected);
    }

    public void Dispose() => _rejected?.Dispose();

    private static void Flush(ArrayBufferWriter<byte> bytes, FileStream stream)
    {
        stream.Write(bytes.WrittenSpan);
        stream.Flush(flushToDisk: true);
        bytes.Clear();
    }
}

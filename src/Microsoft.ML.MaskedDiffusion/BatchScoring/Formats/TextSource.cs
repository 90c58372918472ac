using System.Text;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;

/// <summary>What CSV and JSON lines share: records in a file of UTF-8 text, some of which are blank.</summary>
/// <param name="path">The file.</param>
/// <param name="shard">The part of it.</param>
/// <param name="records">Its records.</param>
internal abstract class TextSource(string path, BatchShard shard, ByteRecords records) : RowSource
{
    private readonly (long Begin, long End) _part = shard.Of(records.Length);
    private RecordPosition _begin;

    public override RecordPosition Begin => _begin;

    public override long End => Math.Max(_part.End, _begin.Offset);

    public override long Length => records.Length;

    /// <summary>Whether the file begins with a byte order mark, which is no part of its records.</summary>
    public bool HasMark { get; private set; }

    /// <summary>The file's path, for messages.</summary>
    protected string Path => path;

    public override void Seek(RecordPosition position) => records.Seek(position);

    public override SourceRow? Read()
    {
        while (records.Next.Offset < _part.End && records.MoveNext())
        {
            ReadOnlyMemory<byte> record = WithoutMark(records.Position, records.Current);
            if (!IsBlank(ByteRecords.WithoutLineBreak(record).Span))
                return Parse(record.ToArray(), records.Position, records.Next);
        }
        return null;
    }

    public override void Dispose() => records.Dispose();

    /// <summary>A record without the byte order mark before the first one, which sets <see cref="HasMark"/>.</summary>
    protected ReadOnlyMemory<byte> WithoutMark(RecordPosition position, ReadOnlyMemory<byte> record)
    {
        if (position.Offset > 0 || !record.Span.StartsWith(Encoding.UTF8.Preamble))
            return record;
        HasMark = true;
        return record[Encoding.UTF8.Preamble.Length..];
    }

    /// <summary>The text of bytes; null where they are not UTF-8.</summary>
    protected static string? Decode(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return StrictUtf8.Encoding.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    protected abstract bool IsBlank(ReadOnlySpan<byte> record);

    protected abstract SourceRow Parse(ReadOnlyMemory<byte> record, RecordPosition position, RecordPosition next);

    /// <summary>Finds the part's first record, from the current place on. Lines are counted on the way, so all bytes are read.</summary>
    protected void FindBegin()
    {
        while (records.Next.Offset < _part.Begin && records.MoveNext())
        {
            // Only where records end is of interest.
        }
        _begin = records.Next;
    }
}

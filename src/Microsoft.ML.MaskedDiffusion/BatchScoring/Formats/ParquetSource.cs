using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Files;
using Parquet;
using Parquet.Schema;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;

/// <summary>
/// A Parquet file, one row group at a time, of which only the columns that are used are read. Its places count rows.
/// </summary>
internal sealed class ParquetSource : RowSource
{
    private readonly ParquetReader _reader;
    private readonly string _path;
    private readonly long[] _groupStarts;
    private readonly (long Begin, long End) _part;
    private readonly bool[] _isUsed;
    private readonly ParquetValues?[] _columns;
    private int _group = -1;
    private long _row;

    private ParquetSource(ParquetReader reader, string path, BatchShard shard)
    {
        (_reader, _path) = (reader, path);
        _groupStarts = new long[reader.RowGroupCount + 1];
        for (int i = 0; i < reader.RowGroupCount; i++)
            _groupStarts[i + 1] = _groupStarts[i] + reader.RowGroups[i].RowCount;
        _part = shard.Of(_groupStarts[^1]);
        Columns = [.. reader.Schema.Fields];
        Fields = [.. Columns.Select(column => column.Name)];
        if (Fields.Any(string.IsNullOrEmpty) || Fields.Distinct().Count() < Fields.Count)
            throw new InvalidDataException("a column has no name, or the name of another.");
        _isUsed = new bool[Fields.Count];
        _columns = new ParquetValues?[Fields.Count];
        _row = _part.Begin;
    }

    /// <summary>The columns as the file has them.</summary>
    public IReadOnlyList<Field> Columns { get; }

    public override IReadOnlyList<string> Fields { get; }

    public override RecordPosition Begin => At(_part.Begin);

    public override long End => _part.End;

    public override long Length => FileLength.Of(_path);

    /// <summary>Opens a file.</summary>
    /// <exception cref="InvalidDataException">It is no Parquet file, or damaged.</exception>
    public static ParquetSource Open(string path, BatchShard shard)
    {
        // The library leaves a file open that it cannot read.
        FileStream stream = File.OpenRead(path);
        try
        {
            ParquetFooter.Check(stream);
            return new ParquetSource(Wait(() => ParquetReader.CreateAsync(stream, leaveStreamOpen: false)), path, shard);
        }
        // Also of memory for what a damaged file claims to hold.
        catch (Exception error)
        {
            stream.Dispose();
            throw new InvalidDataException($"{path} cannot be read as a Parquet file: {error.Message}", error);
        }
    }

    /// <summary>Waits for work of the Parquet library without the caller's synchronization context.</summary>
    public static T Wait<T>(Func<Task<T>> work) => Task.Run(work).GetAwaiter().GetResult();

    public override DataViewType? TypeOf(int field)
    {
        if (ParquetValues.LeafOf(Columns[field]) is not { } leaf || ParquetValues.TypeOf(leaf.ClrType) is not { } type)
            return null;
        return leaf.MaxRepetitionLevel == 0 ? type : new VectorDataViewType(type);
    }

    public override void Use(IEnumerable<int> fields)
    {
        foreach (int field in fields)
        {
            if (TypeOf(field) is null)
            {
                throw new InvalidDataException($"{_path}: column '{Fields[field]}' ({Columns[field].SchemaType}) is no text, number, truth "
                    + "value or date, and no list of these. Leave it out: name the others in KeptColumns.");
            }
            _isUsed[field] = true;
        }
    }

    public override void Seek(RecordPosition position)
    {
        _row = position.Offset;
        Release();
    }

    public override SourceRow? Read()
    {
        if (_row >= _part.End)
            return null;
        if (_group < 0 || _row >= _groupStarts[_group + 1])
            OpenGroup();
        var values = new FieldValue[Fields.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = _columns[i]?.Next() ?? FieldValue.Missing;
        _row++;
        return new SourceRow(At(_row - 1), At(_row), ReadOnlyMemory<byte>.Empty, values);
    }

    public override void Dispose()
    {
        Release();
        Task.Run(async () => await _reader.DisposeAsync().ConfigureAwait(false)).GetAwaiter().GetResult();
    }

    private static RecordPosition At(long row) => new(row, row, row);

    private void OpenGroup()
    {
        Release();
        _group = Array.FindLastIndex(_groupStarts, start => start <= _row);
        using ParquetRowGroupReader group = _reader.OpenRowGroupReader(_group);
        for (int i = 0; i < _columns.Length; i++)
        {
            if (!_isUsed[i])
                continue;
            DataField leaf = ParquetValues.LeafOf(Columns[i])!;
            try
            {
                _columns[i] = Wait(() => ParquetValues.ReadAsync(group, leaf));
            }
            catch (Exception error)
            {
                throw new InvalidDataException(
                    $"{_path}, row group {_group + 1}, column '{Fields[i]}' cannot be read: {error.Message}", error);
            }
            for (long row = _groupStarts[_group]; row < _row; row++)
                _columns[i]!.Next();
        }
    }

    private void Release()
    {
        foreach (ParquetValues? column in _columns)
            column?.Dispose();
        Array.Clear(_columns);
        _group = -1;
    }
}

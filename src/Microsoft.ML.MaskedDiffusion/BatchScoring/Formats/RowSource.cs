using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;

/// <summary>The rows of a file, or of a part of it, one after another. Memory: one row, in Parquet a row group. Not thread-safe.</summary>
internal abstract class RowSource : IDisposable
{
    /// <summary>The names of the fields, in the file's order.</summary>
    public abstract IReadOnlyList<string> Fields { get; }

    /// <summary>Where the first row begins.</summary>
    public abstract RecordPosition Begin { get; }

    /// <summary>The offset at which the part ends, in the unit of <see cref="RecordPosition.Offset"/>.</summary>
    public abstract long End { get; }

    /// <summary>What tells the file from another one without reading it.</summary>
    public abstract long Length { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="FileNotFoundException">It is not there.</exception>
    /// <exception cref="InvalidDataException">It is not of the format, or damaged.</exception>
    public static RowSource Open(BatchScoringOptions options)
    {
        string path = options.InputPath!;
        if (!File.Exists(path))
            throw new FileNotFoundException($"The input {path} does not exist. Option InputPath names it.", path);
        return options.InputFormat switch
        {
            BatchFormat.JsonLines => new JsonLinesSource(path, options.Shard, options.InputSchema,
                readsOthers: options.OutputFormat == BatchFormat.Parquet && options.KeptColumns is null),
            BatchFormat.Parquet => ParquetSource.Open(path, options.Shard),
            _ => new CsvSource(path, CsvCells.SeparatorOf(options, options.InputFormat!.Value), options.HasHeader, options.Shard),
        };
    }

    /// <summary>What a data view takes a field for, unless it is told; null if the field cannot be in one.</summary>
    public abstract DataViewType? TypeOf(int field);

    /// <summary>Names the fields whose values are needed; others may be read as missing.</summary>
    /// <exception cref="InvalidDataException">A field holds what cannot be read.</exception>
    public virtual void Use(IEnumerable<int> fields)
    {
        // A line of cells has all of them.
    }

    /// <summary>Goes to the beginning of a row, or to <see cref="Begin"/>.</summary>
    public abstract void Seek(RecordPosition position);

    /// <summary>The next row; null at the end of the part.</summary>
    /// <exception cref="InvalidDataException">The file is damaged here.</exception>
    public abstract SourceRow? Read();

    public abstract void Dispose();
}

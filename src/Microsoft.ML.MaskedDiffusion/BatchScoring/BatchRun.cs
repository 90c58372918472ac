using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring;

/// <summary>
/// The scoring of one file, or of a part of it: reads a block of rows, scores it, writes it, notes in the log how far it is. A run that
/// finds a log goes on behind its last block.
/// </summary>
internal sealed class BatchRun : IDisposable
{
    private const int FirstBlock = 32, LeastBlock = 32, MostBlock = 8192, BlockBytes = 1 << 24;
    private const double LeastSeconds = 5, MostSeconds = 20;

    private readonly BatchScoringOptions _options;
    private readonly BatchFiles _files;
    private readonly RowSource _source;
    private readonly BlockScorer _scorer;
    private readonly RowLayout _layout;
    private readonly IRowWriter _writer;
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    /// <summary>Opens the input and looks at the columns; writes nothing.</summary>
    /// <param name="transformer">The transformer.</param>
    /// <param name="options">Checked options, with the part as their shard.</param>
    /// <param name="files">The files of the rows that this run scores.</param>
    public BatchRun(ITransformer transformer, BatchScoringOptions options, BatchFiles files)
    {
        _options = options;
        _files = files;
        _source = RowSource.Open(options);
        try
        {
            _scorer = new BlockScorer(transformer, _source, options);
            _layout = new RowLayout(_source.Fields, options.KeptColumns, _scorer.OutputNames);
            _writer = Writer();
            // JSON lines that become JSON lines are copied as they are written.
            if (_source is not JsonLinesSource || options.OutputFormat != BatchFormat.JsonLines)
                _source.Use(_layout.Kept);
        }
        catch
        {
            _source.Dispose();
            throw;
        }
    }

    /// <summary>Scores the rows and puts the output in its place.</summary>
    public BatchScoringResult Run()
    {
        BatchState state;
        using (BatchLog log = OpenLog(_files, _options.Shard, processes: 1))
        {
            state = log.State is { IsDone: true } done ? CheckDone(_files, done) : Score(log, isStopped: null);
            Finish(_files, state);
        }
        File.Delete(_files.Log);
        return Result(_files, state);
    }

    /// <summary>
    /// Scores the rows into <see cref="BatchFiles.Partial"/> and <see cref="BatchFiles.PartialRejected"/>, which stay there with the log.
    /// </summary>
    /// <param name="isStopped">Asked before each block; where it says so, the run ends without being done.</param>
    public BatchState ScorePart(Func<bool> isStopped)
    {
        _files.CheckFree();
        using BatchLog log = BatchLog.Open(_files.Log, Settings(_options.Shard));
        return Score(log, isStopped);
    }

    /// <summary>Compares rows that are all done, but not in their place yet, with what the transformer gives now.</summary>
    /// <param name="files">The files of the whole output.</param>
    /// <param name="state">The state of the whole output, which is returned.</param>
    /// <exception cref="InvalidDataException">It gives other results, or the rows are gone.</exception>
    public BatchState CheckDone(BatchFiles files, BatchState state)
    {
        // Where the rows are in their place, nothing but the log is left to be deleted.
        if (File.Exists(files.Partial))
        {
            using FileStream output = files.OpenRows(files.Partial, state.OutputBytes);
            CheckSameResult(files, output, state);
        }
        else if (!File.Exists(files.Converted) && !File.Exists(files.Output))
        {
            throw new InvalidDataException($"{files.Log} says that all rows are done, but {files.Output}, which has them, is gone. Delete "
                + $"{files.Log} to score them again.");
        }
        return state;
    }

    /// <summary>Opens the log of an output, or begins it where nothing is in the way.</summary>
    /// <param name="files">The files of the output.</param>
    /// <param name="shard">What of the input's rows is in it.</param>
    /// <param name="processes">How many processes work on it.</param>
    public BatchLog OpenLog(BatchFiles files, BatchShard shard, int processes)
    {
        files.CheckFree();
        files.CheckParts(processes);
        if (!File.Exists(files.Log))
            files.CheckOutputFree();
        BatchLog log = BatchLog.Open(files.Log, Settings(shard));
        try
        {
            if (log.State is not { IsDone: true })
                files.CheckOutputFree();
            return log;
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    /// <summary>Puts rows that are whole in the places of the output and of the rejected rows.</summary>
    public void Finish(BatchFiles files, BatchState state) => files.Finish(
        _options.OutputFormat == BatchFormat.Parquet ? path => WriteParquet(files.Partial, path) : null, state.Rejected > 0);

    public BatchScoringResult Result(BatchFiles files, BatchState state) => new(
        state.Rows, state.Rejected, files.Output, state.Rejected > 0 ? files.Rejected : null, _clock.Elapsed.TotalSeconds);

    /// <summary>What must be the same where an earlier run is continued.</summary>
    public List<KeyValuePair<string, string>> Settings(BatchShard shard)
    {
        List<KeyValuePair<string, string>> settings = [];
        void Add(string name, object? value) => settings.Add(new(name, Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""));
        Add("log", "batch scoring 1");
        Add("InputPath", Path.GetFileName(_options.InputPath));
        Add("InputBytes", _source.Length);
        Add("InputFormat", _options.InputFormat);
        Add("OutputFormat", _options.OutputFormat);
        Add("Separator", _options.Separator);
        Add("HasHeader", _options.HasHeader);
        Add("InputColumns", _scorer.Inputs);
        Add("KeptColumns", _options.KeptColumns is { } kept ? string.Join(", ", kept) : "all");
        Add("OutputColumns", string.Join(", ", _scorer.OutputTypes.Select(column => $"{column.Name}: {column.Field}")));
        Add("Shard", shard);
        return settings;
    }

    public void Dispose() => _source.Dispose();

    private IRowWriter Writer()
    {
        BatchFormat format = _options.OutputFormat!.Value;
        if (format is BatchFormat.JsonLines or BatchFormat.Parquet)
            return new JsonRowWriter(_layout, _source as JsonLinesSource, isOutput: format == BatchFormat.JsonLines);
        byte separator = CsvCells.SeparatorOf(_options, format);
        bool isSame = _source is CsvSource && separator == CsvCells.SeparatorOf(_options, _options.InputFormat!.Value);
        return new CsvRowWriter(_layout, separator, _options.HasHeader, isSame ? (CsvSource)_source : null);
    }

    private BatchState Score(BatchLog log, Func<bool>? isStopped)
    {
        BatchState state = log.State ?? new BatchState { Next = _source.Begin };
        using FileStream output = _files.OpenRows(_files.Partial, state.OutputBytes);
        CheckSameResult(_files, output, state);
        if (state.IsDone)
            return state;
        // A call that was killed may have left rows that its log does not count.
        if (state.RejectedBytes == 0)
            File.Delete(_files.PartialRejected);
        using FileStream? rejected = state.RejectedBytes > 0 ? _files.OpenRows(_files.PartialRejected, state.RejectedBytes) : null;
        using var sink = new BlockSink(_files, _writer, _source.Fields, output, rejected);
        if (state.OutputBytes == 0 && _options.Shard.Number == 1)
            sink.WriteHeader();
        _source.Seek(state.Next);
        long rowsBefore = state.Rows + state.Rejected;
        RecordPosition begin = state.Next;
        List<RowMark> lastRows = [.. state.LastRows()];
        int size = _options.BlockSize ?? FirstBlock;
        double started = _clock.Elapsed.TotalSeconds;
        for (List<SourceRow> block; (block = ReadBlock(size)).Count > 0;)
        {
            if (isStopped?.Invoke() == true)
                return state;
            double before = _clock.Elapsed.TotalSeconds;
            foreach (ScoredRow row in _scorer.Score(block))
                state = Take(sink, state, lastRows, row);
            sink.Flush();
            lastRows.RemoveRange(0, Math.Max(0, lastRows.Count - BatchState.MostCompared));
            state = state.With(lastRows) with
            {
                Next = block[^1].Next,
                OutputBytes = output.Position,
                RejectedBytes = sink.RejectedBytes,
            };
            log.Append(state);
            double now = _clock.Elapsed.TotalSeconds;
            Report(state, begin, rowsBefore, now - started);
            if (_options.BlockSize is null)
                size = NextSize(size, now - before);
        }
        sink.Flush();
        state = state with { OutputBytes = output.Position, IsDone = true };
        log.Append(state);
        return state;
    }

    private static int NextSize(int size, double seconds) =>
        seconds < LeastSeconds ? Math.Min(MostBlock, size * 2) : seconds > MostSeconds ? Math.Max(LeastBlock, size / 2) : size;

    private BatchState Take(BlockSink sink, BatchState state, List<RowMark> lastRows, ScoredRow row)
    {
        long start = sink.OutputBytes;
        string? fault = row.Fault ?? sink.Write(row);
        if (fault is null)
        {
            lastRows.Add(new RowMark(row.Source.Position, start));
            return state with { Rows = state.Rows + 1 };
        }
        if (_options.InvalidRows == InvalidRows.Throw)
        {
            throw new InvalidDataException($"{_options.InputPath}, line {row.Source.Line}: {fault.TrimEnd('.')}. Set InvalidRows to Skip "
                + "to write such rows to a file of their own and go on.", row.Error);
        }
        sink.Reject(row.Source, fault);
        return state with { Rejected = state.Rejected + 1 };
    }

    private List<SourceRow> ReadBlock(int size)
    {
        List<SourceRow> block = [];
        for (long bytes = 0; block.Count < size && bytes < BlockBytes;)
        {
            _options.CancellationToken.ThrowIfCancellationRequested();
            if (_source.Read() is not { } row)
                break;
            block.Add(row);
            bytes += row.Raw.Length;
        }
        return block;
    }

    // Model, options and input are those of the earlier call if the last rows give the same bytes again.
    private void CheckSameResult(BatchFiles files, FileStream output, BatchState state)
    {
        IReadOnlyList<RowMark> marks = state.LastRows();
        if (marks.Count == 0)
            return;
        // Where the rows are done, another number of processes may go on, and a row be in no part of this one.
        int[] own = [.. Enumerable.Range(0, marks.Count).Where(i => marks[i].Row.Offset < _source.End)];
        List<SourceRow> rows = [];
        foreach (int i in own)
        {
            // Mostly it is the next row, for which a row group of Parquet need not be read again.
            if (rows.Count == 0 || rows[^1].Next.Offset != marks[i].Row.Offset)
                _source.Seek(marks[i].Row);
            rows.Add(_source.Read() ?? throw OtherResult(marks[i]));
        }
        IReadOnlyList<ScoredRow> scored = _scorer.Score(rows);
        foreach ((int i, SourceRow row, ScoredRow now) in own.Zip(rows, scored).Reverse())
        {
            var again = new ArrayBufferWriter<byte>();
            if (now.Fault is null)
                _writer.Write(again, row, now.Outputs);
            long end = i + 1 < marks.Count ? marks[i + 1].Output : state.LastEnd ?? state.OutputBytes;
            byte[] there = new byte[end - marks[i].Output];
            output.Position = marks[i].Output;
            output.ReadExactly(there);
            if (!again.WrittenSpan.SequenceEqual(there))
                throw OtherResult(marks[i]);
        }
        output.Position = state.OutputBytes;

        InvalidDataException OtherResult(RowMark mark) => new(
            $"{files.Partial} holds another result of the input's line {mark.Row.Line + 1} than the one now: the model, its options or the "
            + "input have changed, or the processor is of another kind, or a GPU computes, whose numbers depend on which rows go together. "
            + $"Go on with what was there before, or delete it and {files.Log} to begin anew.");
    }

    private void Report(BatchState state, RecordPosition begin, long rowsBefore, double seconds)
    {
        if (_options.Progress is null)
            return;
        long rows = state.Rows + state.Rejected;
        long done = state.Next.Offset - begin.Offset, left = Math.Max(0, _source.End - state.Next.Offset);
        long all = Math.Max(1, _source.End - _source.Begin.Offset);
        _options.Progress.Report(new BatchScoringProgress(
            rows, state.Rejected, 100.0 * (all - left) / all, seconds > 0 ? (rows - rowsBefore) / seconds : 0,
            done > 0 ? TimeSpan.FromSeconds(seconds * left / done) : null));
    }

    private void WriteParquet(string lines, string path)
    {
        List<ParquetColumn> typed = [.. _scorer.OutputTypes];
        if (_source is ParquetSource parquet)
            typed.AddRange(_layout.Kept.Select(field => new ParquetColumn(parquet.Fields[field], parquet.Columns[field])));
        ParquetOutput.Write(lines, path, typed, [.. _layout.Names], _options.CancellationToken);
    }
}

using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring;

/// <summary>How far a file is scored, after a block of rows. Immutable.</summary>
internal sealed record BatchState
{
    /// <summary>How many of the last rows a later call compares.</summary>
    public const int MostCompared = 16;

    /// <summary>Rows in the output.</summary>
    [JsonPropertyName("rows")]
    public long Rows { get; init; }

    /// <summary>Rows in the file of rejected rows.</summary>
    [JsonPropertyName("rejected")]
    public long Rejected { get; init; }

    /// <summary>Where the next row begins.</summary>
    [JsonPropertyName("next")]
    public RecordPosition Next { get; init; }

    /// <summary>Bytes of the output.</summary>
    [JsonPropertyName("outputBytes")]
    public long OutputBytes { get; init; }

    /// <summary>Bytes of the rejected rows.</summary>
    [JsonPropertyName("rejectedBytes")]
    public long RejectedBytes { get; init; }

    /// <summary>Where the last row in the output begins in the input; null before there is one.</summary>
    [JsonPropertyName("last")]
    public RecordPosition? Last { get; init; }

    /// <summary>Where its results begin in the output.</summary>
    [JsonPropertyName("lastOutput")]
    public long LastOutput { get; init; }

    /// <summary>Rows of the output before the last one, in its order; with the last one they are what a later call compares.</summary>
    [JsonPropertyName("earlier")]
    public IReadOnlyList<RowMark> Earlier { get; init; } = [];

    /// <summary>Where the results of the last row end in the output; null where it is the end of the output.</summary>
    [JsonPropertyName("lastEnd")]
    public long? LastEnd { get; init; }

    /// <summary>Whether all rows are done.</summary>
    [JsonPropertyName("done")]
    public bool IsDone { get; init; }

    /// <summary>The last rows of the output, in its order.</summary>
    public IReadOnlyList<RowMark> LastRows() => Last is { } last ? [.. Earlier, new RowMark(last, LastOutput)] : [];

    /// <summary>The state with other last rows of the output, in its order; none leave it as it is.</summary>
    public BatchState With(IReadOnlyList<RowMark> lastRows) => lastRows.Count == 0 ? this : this with
    {
        Earlier = [.. lastRows.SkipLast(1)],
        Last = lastRows[^1].Row,
        LastOutput = lastRows[^1].Output,
    };
}

/// <summary>Where a row begins in the input, and its results in the output.</summary>
internal readonly record struct RowMark(
    [property: JsonPropertyName("row")] RecordPosition Row, [property: JsonPropertyName("output")] long Output);

/// <summary>The log beside an output that is being made, from which it is continued.</summary>
internal sealed class BatchLog : IDisposable
{
    private readonly ResumableLog _log;

    private BatchLog(ResumableLog log, BatchState? state) => (_log, State) = (log, state);

    /// <summary>How far an earlier call came; null where there was none.</summary>
    public BatchState? State { get; }

    /// <summary>Opens or begins a log.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or belongs to other settings.</exception>
    /// <exception cref="IOException">Another process writes it, or the disk refuses.</exception>
    public static BatchLog Open(string path, IReadOnlyList<KeyValuePair<string, string>> settings)
    {
        ResumableLog log = OpenFile(path, settings);
        try
        {
            return new BatchLog(log, log.Read(Parse).LastOrDefault());
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    public void Append(BatchState state) => _log.Append([JsonSerializer.Serialize(state)]);

    public void Dispose() => _log.Dispose();

    private static ResumableLog OpenFile(string path, IReadOnlyList<KeyValuePair<string, string>> settings)
    {
        try
        {
            return ResumableLog.Open(path, settings);
        }
        catch (IOException error) when (File.Exists(path))
        {
            throw new IOException(
                $"{path} cannot be opened; another process may be scoring into the same output. ({error.Message})", error);
        }
    }

    private static BatchState Parse(string line)
    {
        BatchState state = JsonSerializer.Deserialize<BatchState>(line)
            ?? throw new InvalidDataException("it says null, and no state of a scoring.");
        // A null list is none that this library writes.
        IEnumerable<RowMark> earlier = state.Earlier ?? [new RowMark(default, -1)];
        bool isPossible = state.Rows >= 0 && state.Rejected >= 0 && state.OutputBytes >= 0 && state.RejectedBytes >= 0
            && IsAscending([.. earlier.Select(mark => mark.Output), state.LastOutput, state.LastEnd ?? state.OutputBytes,
                state.OutputBytes])
            && IsAscending([.. earlier.Select(mark => mark.Row.Offset), state.Last?.Offset ?? 0, state.Next.Offset]);
        return isPossible ? state : throw new InvalidDataException("its numbers are not those of rows that were scored.");
    }

    private static bool IsAscending(long[] places) => places.Prepend(0).Zip(places).All(pair => pair.First <= pair.Second);
}

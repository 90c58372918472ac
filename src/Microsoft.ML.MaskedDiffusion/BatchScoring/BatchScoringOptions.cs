using Microsoft.ML.MaskedDiffusion.BatchScoring;
using Microsoft.ML.MaskedDiffusion.BatchScoring.Formats;
using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>The settings of <see cref="MaskedDiffusionCatalog.ScoreFile"/>. Copied and checked when it begins.</summary>
/// <remarks>Not thread-safe while it is being changed.</remarks>
public sealed class BatchScoringOptions
{
    /// <summary>The file with the rows. Must be set. Default null.</summary>
    public string? InputPath { get; set; }

    /// <summary>
    /// The file with the results, in the input's order. It appears when all rows are done; until then they are in files beside it, whose
    /// names begin with its name and end in ".partial" and ".progress.jsonl". Must be set. Default null.
    /// </summary>
    public string? OutputPath { get; set; }

    /// <summary>
    /// Whether an output that exists, with its rejected rows, is replaced when the new one is whole; until then it stays. A folder is never
    /// replaced, and neither is the input. Default false: an output that exists is refused.
    /// </summary>
    public bool Overwrite { get; set; }

    /// <summary>
    /// The input's format. Default null: by the name, .csv, .tsv, .jsonl or .ndjson, .parquet.
    /// </summary>
    public BatchFormat? InputFormat { get; set; }

    /// <summary>The output's format. Default null: by the name, as <see cref="InputFormat"/>.</summary>
    public BatchFormat? OutputFormat { get; set; }

    /// <summary>
    /// The ASCII character between the cells of CSV and TSV files, in and out; no letter, digit, space or quotation mark. Default null: a
    /// comma in CSV, a tab in TSV.
    /// </summary>
    public char? Separator { get; set; }

    /// <summary>
    /// Whether the first line of a CSV or TSV file names the columns, in and out; one that it leaves unnamed, as pandas does an index, is
    /// Column1, Column2 and so on by its place, as all are without such a line. Default true.
    /// </summary>
    public bool HasHeader { get; set; } = true;

    /// <summary>
    /// The types of the columns that the transformer reads, such as the schema that <c>ml.Model.Load</c> gives; columns that the file does
    /// not have are no columns. Default null: texts in CSV and TSV, the types of the file in Parquet, and in JSON lines those of the first
    /// values that are not null in the first 1,000 rows (numbers are Single, arrays are vectors of any length). Columns that the
    /// transformer does not read may hold anything.
    /// </summary>
    public DataViewSchema? InputSchema { get; set; }

    /// <summary>
    /// The input's columns that are written out, as they are in the file. Default null: all of them; empty for none.
    /// </summary>
    public IReadOnlyList<string>? KeptColumns { get; set; }

    /// <summary>
    /// The transformer's columns that are written out; one with the name of an input column takes its place. Nothing is computed for
    /// others. Default null: all that the transformer adds.
    /// </summary>
    public IReadOnlyList<string>? OutputColumns { get; set; }

    /// <summary>
    /// A row that cannot be read or scored: stop with an error that names its line, or write it with the reason to a file beside the output
    /// whose name ends in ".rejected.jsonl", and go on. Default <see cref="InvalidRows.Throw"/>.
    /// </summary>
    public InvalidRows InvalidRows { get; set; }

    /// <summary>The part of the rows to score. Default <see cref="BatchShard.Whole"/>.</summary>
    public BatchShard Shard { get; set; } = BatchShard.Whole;

    /// <summary>
    /// The processes that score the file together; each calls <see cref="MaskedDiffusionCatalog.ScoreFile"/> with the same options and
    /// takes the part of the rows that its rank and their number give. The output is that of one process, to the byte. All of them must see
    /// the folders of input and output. Default <see cref="SingleProcess.Instance"/>. A group of more than one takes no other
    /// <see cref="Shard"/> than <see cref="BatchShard.Whole"/>.
    /// </summary>
    public IProcessGroup ProcessGroup { get; set; } = SingleProcess.Instance;

    /// <summary>
    /// Rows that are read, scored and written down together, 1 to 1,048,576: as many are scored again after a kill. It does not change
    /// results. Default null: as many as take about ten seconds.
    /// </summary>
    public int? BlockSize { get; set; }

    /// <summary>Told after each block. In a group each process is told about its own part. Default null.</summary>
    public IProgress<BatchScoringProgress>? Progress { get; set; }

    /// <summary>
    /// Stops between rows, or where the transformer computes some together, between these batches, with
    /// <see cref="OperationCanceledException"/>; the same call goes on behind the last whole block later. In a group the others stop before
    /// their next block, with the same exception. Default: none.
    /// </summary>
    public CancellationToken CancellationToken { get; set; }

    internal BatchScoringOptions Clone()
    {
        var copy = (BatchScoringOptions)MemberwiseClone();
        copy.KeptColumns = KeptColumns?.ToArray();
        copy.OutputColumns = OutputColumns?.ToArray();
        return copy;
    }

    internal void Check()
    {
        OptionCheck.RequireText(InputPath, nameof(InputPath), "the path of a file with rows");
        OptionCheck.RequireText(OutputPath, nameof(OutputPath), "the path of the file to write");
        OptionCheck.RequireFitting(!IsSameFile(InputPath, OutputPath), nameof(OutputPath), OutputPath, "another file than the input");
        string rejected = new BatchFiles(OutputPath, Overwrite).Rejected;
        OptionCheck.RequireFitting(!IsSameFile(InputPath, rejected), nameof(OutputPath), OutputPath,
            $"a file whose rejected rows, {rejected}, go to another file than the input");
        InputFormat = FormatOf(InputFormat, nameof(InputFormat), InputPath, nameof(InputPath));
        OutputFormat = FormatOf(OutputFormat, nameof(OutputFormat), OutputPath, nameof(OutputPath));
        CsvCells.CheckSeparator(Separator, nameof(Separator));
        OptionCheck.RequireDefined(InvalidRows, nameof(InvalidRows));
        OptionCheck.RequireObject(Shard, nameof(Shard), "a part of the rows, such as BatchShard.Whole");
        OptionCheck.RequireObject(ProcessGroup, nameof(ProcessGroup), "a group of processes, such as SingleProcess.Instance");
        OptionCheck.Require(ProcessGroup.Size == 1 || Shard == BatchShard.Whole, nameof(Shard), Shard,
            $"{BatchShard.Whole}, as ProcessGroup has {ProcessGroup.Size} processes, which divide the rows among themselves");
        OptionCheck.Require(BlockSize is null or (>= 1 and <= 1 << 20), nameof(BlockSize), BlockSize, "null or 1 to 1048576 rows");
        CheckNames(KeptColumns, nameof(KeptColumns));
        CheckNames(OutputColumns, nameof(OutputColumns));
        OptionCheck.Require(OutputColumns is not { Count: 0 }, nameof(OutputColumns), "empty", "null or at least one column");
    }

    private static void CheckNames(IReadOnlyList<string>? names, string option)
    {
        if (names is not null)
            OptionCheck.RequireColumnNames([.. names.Select((name, i) => ($"{option}[{i}]", (string?)name))]);
    }

    // Two paths lead to one file also by links, and off Linux in capitals.
    private static bool IsSameFile(string first, string second) => string.Equals(WithoutLinks(first), WithoutLinks(second),
        OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase);

    // The path without links on the way. Those that lead round in a circle end it: more of them than this no system follows.
    private static string WithoutLinks(string path, int mostLinks = 40)
    {
        path = Path.GetFullPath(path);
        if (mostLinks == 0 || Path.GetDirectoryName(path) is not { } folder)
            return path;
        path = Path.Combine(WithoutLinks(folder, mostLinks), Path.GetFileName(path));
        return new FileInfo(path).LinkTarget is { } target
            ? WithoutLinks(Path.Combine(Path.GetDirectoryName(path)!, target), mostLinks - 1) : path;
    }

    private static BatchFormat FormatOf(BatchFormat? given, string formatOption, string path, string pathOption)
    {
        if (given is { } format)
        {
            OptionCheck.RequireDefined(format, formatOption);
            return format;
        }
        BatchFormat? named = Path.GetExtension(path).ToUpperInvariant() switch
        {
            ".CSV" => BatchFormat.Csv,
            ".TSV" => BatchFormat.Tsv,
            ".JSONL" or ".NDJSON" => BatchFormat.JsonLines,
            ".PARQUET" => BatchFormat.Parquet,
            _ => null,
        };
        OptionCheck.RequireFitting(named is not null, pathOption, path,
            $"a name that ends in .csv, .tsv, .jsonl, .ndjson or .parquet; for another one set {formatOption}");
        return named!.Value;
    }
}

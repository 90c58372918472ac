using System.Text;
using Mdm.Settings;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Data;

/// <summary>Opens texts in files as a data view with a column Text.</summary>
internal static class TextData
{
    private const string Forms = "text, JSON-lines, .csv and .tsv files, and folders of text and JSON-lines files";

    // How much of a place is looked at for JSON: the first bytes of each of its first files.
    private const int StartBytes = 1 << 16, MostFiles = 100;

    private static readonly string[] TextExtensions = [".txt", ".jsonl", ".ndjson"];

    /// <summary>The two sets of a training: what is learned, and what is held out, null for nothing.</summary>
    /// <exception cref="UsageException">There is no such data, or nothing is left to hold out.</exception>
    public static (IDataView Train, IDataView? Validation) Sets(TextLearningSettings settings, ToolContext context)
    {
        string path = settings.Data ?? throw new UsageException("No data: name a file or a folder after the command.");
        IDataView data = OpenText(path);
        if (settings.Validation is { } file)
        {
            // What parts the documents of plain text parts none of JSON lines.
            if (SourceFiles.IsJsonLines(file) && !SourceFiles.IsJsonLines(path))
                settings.Text.Boundary = DocumentBoundary.Automatic;
            return (data, OpenText(file));
        }
        return Split(data, settings.ValidationShare, "documents", ", or say with --documents what a document is", context);

        IDataView OpenText(string place)
        {
            IDataView view = Open(place, settings.Column, settings.Text, settings.Table, context);
            RequireText(view, place);
            return view;
        }
    }

    /// <summary>Refuses data without any row.</summary>
    /// <param name="data">The rows, of which the first alone is read.</param>
    /// <param name="path">Where they are from, for the message.</param>
    /// <exception cref="InvalidDataException">There is none.</exception>
    public static void RequireText(IDataView data, string path)
    {
        if (!data.GetColumn<string>(data.Schema[0]).Any())
            throw new InvalidDataException($"There is no text in {path}.");
    }

    /// <summary>Holds a share of rows out, drawn at random and always the same.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="share">The share.</param>
    /// <param name="unit">What the rows are, for messages.</param>
    /// <param name="remedy">A further remedy where they are too few, or nothing.</param>
    /// <param name="context">ML.NET.</param>
    /// <exception cref="UsageException">The share is none, or nothing is left to hold out.</exception>
    public static (IDataView Train, IDataView? Validation) Split(
        IDataView data, double share, string unit, string remedy, ToolContext context)
    {
        if (share is not (>= 0 and < 1))
            throw new UsageException($"--validation-share (ValidationShare) is {share}; it must be 0 up to but not 1.");
        if (share == 0)
            return (data, null);
        DataOperationsCatalog.TrainTestData split = context.Ml.Data.TrainTestSplit(data, share, seed: 1);
        DataViewSchema.Column first = data.Schema[0];
        if (!split.TestSet.GetColumn<string>(first).Any() || !split.TrainSet.GetColumn<string>(first).Any())
        {
            throw new UsageException(
                $"The data have too few {unit} to hold {100 * share:0.###} % of them out: set --validation-share 0 to hold out none, or "
                + $"name a file with --validation{remedy}.");
        }
        return (split.TrainSet, split.TestSet);
    }

    /// <summary>Opens a file or folder, and says where JSON in it is taken for plain text.</summary>
    /// <exception cref="UsageException">It is of a kind that is not read, or has no such column.</exception>
    /// <exception cref="FileNotFoundException">There is nothing at the path.</exception>
    public static IDataView Open(string path, string column, TextFilesOptions options, TableOptions table, ToolContext context)
    {
        SourceFiles.RefuseOtherKinds(path, Forms);
        if (Tables.IsTable(path))
            return Tables.Open(path, [column], texts => new Row { Text = texts[0] }, table, "Name a column with --column.", context);
        (options.Path, options.JsonField) = (path, column);
        IDataView view = context.Catalog.LoadText(options);
        if (PlainFiles(options).FirstOrDefault(BeginsAsJson) is { } file)
            context.SayOnce(JsonRemark(file, path));
        return view;
    }

    /// <summary>Bytes of the texts at a place, for recipes; null where there are none.</summary>
    public static long? ByteCount(string? path, TextFilesOptions options)
    {
        if (File.Exists(path))
            return Math.Max(1, FileSize.Of(path));
        if (!Directory.Exists(path))
            return null;
        return Math.Max(1, Files(path, options).Sum(FileSize.Of));
    }

    /// <summary>
    /// What documents are where nothing is said: plain text files that are named one by one are taken by their paragraphs, so that some can
    /// be held out; with a folder or JSON lines among them the library decides by the files' kinds.
    /// </summary>
    public static DocumentBoundary Boundary(IReadOnlyCollection<string> paths) =>
        paths.Count > 0 && paths.All(path => File.Exists(path) && !SourceFiles.IsJsonLines(path))
            ? DocumentBoundary.BlankLine : DocumentBoundary.Automatic;

    private static string JsonRemark(string file, string path)
    {
        string taken = file == path
            ? $"{file} holds JSON, and is taken for plain text, with its braces and the names of its fields"
            : $"Files such as {file} hold JSON, and are taken for plain text, with their braces and the names of their fields";
        return SourceFiles.IsJsonLines(file)
            ? $"{taken}; --documents Automatic takes a field of each line."
            : $"{taken}; a field of each line is taken where a file's name ends in .jsonl, or with --documents JsonLine.";
    }

    /// <summary>The files at a place that are read.</summary>
    public static IEnumerable<string> Files(string path, TextFilesOptions options)
    {
        if (!Directory.Exists(path))
            return [path];
        var search = new EnumerationOptions { RecurseSubdirectories = options.Recursive };
        string[] patterns = options.Pattern is { } pattern ? [pattern] : [.. TextExtensions.Select(extension => "*" + extension)];
        return patterns.SelectMany(name => Directory.EnumerateFiles(path, name, search));
    }

    // The files at a place that are not read as JSON lines; those whose names say that they hold JSON come first.
    private static IEnumerable<string> PlainFiles(TextFilesOptions options)
    {
        if (options.Boundary == DocumentBoundary.JsonLine)
            return [];
        return Files(options.Path, options).Where(file => options.Boundary != DocumentBoundary.Automatic || !SourceFiles.IsJsonLines(file))
            .OrderByDescending(SourceFiles.IsJsonLines).ThenBy(file => file, StringComparer.Ordinal).Take(MostFiles);
    }

    // Whether the first line, or all that is looked at, is JSON.
    private static bool BeginsAsJson(string path)
    {
        // Pipes have no length, and no first bytes that could be read twice.
        if (!File.Exists(path) || FileSize.Of(path) == 0)
            return false;
        using FileStream stream = File.OpenRead(path);
        byte[] bytes = new byte[StartBytes];
        int count = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        ReadOnlySpan<byte> start = bytes.AsSpan(0, count);
        if (start.StartsWith(Encoding.UTF8.Preamble))
            start = start[Encoding.UTF8.Preamble.Length..];
        start = start.TrimStart(" \t\r\n"u8);
        int end = start.IndexOf((byte)'\n');
        return (end >= 0 && InputLines.IsJson(start[..end], isWhole: true)) || InputLines.IsJson(start, isWhole: count < bytes.Length);
    }

    private sealed class Row
    {
        public string Text { get; set; } = "";
    }
}

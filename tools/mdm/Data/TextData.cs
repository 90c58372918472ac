using Mdm.Settings;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Data;

/// <summary>Opens texts in files as a data view with a column Text.</summary>
internal static class TextData
{
    private const string Forms = "text, JSON-lines, .csv and .tsv files, and folders of text and JSON-lines files";

    private static readonly string[] TextExtensions = [".txt", ".jsonl", ".ndjson"];

    /// <summary>The two sets of a training: what is learned, and what is held out, null for nothing.</summary>
    /// <exception cref="UsageException">There is no such data, or nothing is left to hold out.</exception>
    public static (IDataView Train, IDataView? Validation) Sets(LearningSettings settings, ToolContext context)
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

    /// <summary>Opens a file or folder.</summary>
    /// <exception cref="UsageException">It is of a kind that is not read, or has no such column.</exception>
    /// <exception cref="FileNotFoundException">There is nothing at the path.</exception>
    public static IDataView Open(string path, string column, TextFilesOptions options, TableOptions table, ToolContext context)
    {
        SourceFiles.RefuseOtherKinds(path, Forms);
        if (Tables.IsTable(path))
            return Tables.Open(path, [column], texts => new Row { Text = texts[0] }, table, "Name a column with --column.", context);
        (options.Path, options.JsonField) = (path, column);
        return context.Catalog.LoadText(options);
    }

    /// <summary>Bytes of the texts at a place, for recipes; null where there are none.</summary>
    public static long? ByteCount(string? path)
    {
        if (File.Exists(path))
            return Math.Max(1, new FileInfo(path).Length);
        if (!Directory.Exists(path))
            return null;
        return Math.Max(1, new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories)
            .Where(file => TextExtensions.Contains(file.Extension.ToLowerInvariant())).Sum(file => file.Length));
    }

    /// <summary>
    /// What documents are where nothing is said: plain text files that are named one by one are taken by their paragraphs, so that some can
    /// be held out; with a folder or JSON lines among them the library decides by the files' kinds.
    /// </summary>
    public static DocumentBoundary Boundary(IReadOnlyCollection<string> paths) =>
        paths.Count > 0 && paths.All(path => File.Exists(path) && !SourceFiles.IsJsonLines(path))
            ? DocumentBoundary.BlankLine : DocumentBoundary.Automatic;

    private sealed class Row
    {
        public string Text { get; set; } = "";
    }
}

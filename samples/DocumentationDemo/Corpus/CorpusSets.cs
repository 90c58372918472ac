using System.Text;
using Microsoft.ML;

namespace DocumentationDemo.Corpus;

/// <summary>The text, and the sets of rows that it is split into. No group has rows in two of them.</summary>
/// <param name="Source">Where the text is from.</param>
/// <param name="ReadCount">Entries that were read, those without a row of their own among them.</param>
/// <param name="Rows">All rows, with different texts.</param>
/// <param name="Training">The rows to train on.</param>
/// <param name="Validation">The rows to measure the loss on while training.</param>
/// <param name="HeldOut">The rows that no training sees, in a random order.</param>
internal sealed record CorpusSets(
    string Source, int ReadCount, IReadOnlyList<CorpusRow> Rows, IDataView Training, IDataView Validation, List<CorpusRow> HeldOut)
{
    /// <summary>Bytes of all rows in UTF-8.</summary>
    public long Bytes => Rows.Sum(row => (long)Encoding.UTF8.GetByteCount(row.Text));

    /// <summary>Reads and splits the text of the options. The same text and seed give the same sets.</summary>
    public static CorpusSets Read(MLContext ml, DemoOptions options, CancellationToken cancellationToken)
    {
        var (source, (rows, read)) = ReadText(options, cancellationToken);
        // All members of a type go to the same side of the split, because their descriptions resemble each other.
        var split = ml.Data.TrainTestSplit(
            ml.Data.LoadFromEnumerable(rows), testFraction: 0.1, samplingKeyColumnName: nameof(CorpusRow.Group), seed: options.Seed);
        // The second split needs another seed: with the same one, the groups that the first split put into its training set would all stay
        // together again.
        var fit = ml.Data.TrainTestSplit(
            split.TrainSet, testFraction: 0.02, samplingKeyColumnName: nameof(CorpusRow.Group), seed: options.Seed + 1);
        var random = new Random(options.Seed);
        List<CorpusRow> heldOut = [.. RowsOf(ml, split.TestSet).OrderBy(_ => random.Next())];
        return new CorpusSets(source, read, rows, fit.TrainSet, fit.TestSet, heldOut);
    }

    /// <summary>The rows of a set.</summary>
    public static List<CorpusRow> RowsOf(MLContext ml, IDataView view) =>
        [.. ml.Data.CreateEnumerable<CorpusRow>(view, reuseRowObject: false)];

    private static (string Source, (List<CorpusRow> Rows, int Read) Found) ReadText(
        DemoOptions options, CancellationToken cancellationToken)
    {
        if (options.Text is { } text)
        {
            return (text.Name, options.Paragraphs
                ? PlainTextReader.ReadParagraphs(text.FullName) : PlainTextReader.ReadLines(text.FullName));
        }
        if (options.JsonLines is { } lines)
            return (lines.Name, PlainTextReader.ReadJsonLines(lines.FullName, options.Field));
        return ("the .NET reference documentation", DocumentationReader.Read(DocumentationReader.FindPacks(), cancellationToken));
    }
}

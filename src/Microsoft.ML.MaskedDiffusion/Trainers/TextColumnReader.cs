using System.Globalization;
using Microsoft.ML.MaskedDiffusion.DataViews;

namespace Microsoft.ML.MaskedDiffusion.Trainers;

/// <summary>
/// Streams the texts of one column, and the prompts before them where there are columns of them, leaving out rows without any text in the
/// first. Each enumeration is one pass over the data; its cursor is disposed with it. A pass that finds no text at all ends in an error,
/// which calls the data by the name given.
/// </summary>
internal sealed class TextColumnReader(IDataView data, DataViewSchema.Column column, string what, params DataViewSchema.Column[] prompts)
{
    /// <summary>Rows read by the last pass.</summary>
    public long RowCount { get; private set; }

    /// <summary>Of these, rows that were empty or white space.</summary>
    public long EmptyRowCount { get; private set; }

    /// <summary>Rows of the data, or null where they cannot say without being read.</summary>
    public long? TotalRowCount => data.GetRowCount();

    /// <summary>What the data are called in messages.</summary>
    public string What => what;

    /// <summary>
    /// What is known of the data without reading them: the files of a text view, else the number of rows where the view gives it at once.
    /// </summary>
    public string Describe() => Describe(data);

    /// <summary>The same of any view.</summary>
    public static string Describe(IDataView data) => data is TextFilesView files ? files.Describe()
        : data.GetRowCount() is { } rows ? string.Create(CultureInfo.InvariantCulture, $"a view of {rows} rows")
        : "a view of any number of rows";

    /// <summary>The texts of the column.</summary>
    public IEnumerable<string> Read(CancellationToken cancellationToken) => ReadRows(cancellationToken).Select(row => row.Row.Answer);

    /// <summary>All texts, those of prompts among them: what a tokenizer has to know.</summary>
    public IEnumerable<string> ReadAll(CancellationToken cancellationToken) =>
        ReadRows(cancellationToken).SelectMany(row => new[] { row.Row.Prompt, row.Row.Reasoning, row.Row.Answer })
            .Where(text => text.Length > 0);

    /// <summary>The rows and their numbers in the data, from 1.</summary>
    public IEnumerable<(long Number, FineTuningRow Row)> ReadRows(CancellationToken cancellationToken)
    {
        RowCount = EmptyRowCount = 0;
        using DataViewRowCursor cursor = data.GetRowCursor([column, .. prompts]);
        ValueGetter<ReadOnlyMemory<char>> getter = cursor.GetGetter<ReadOnlyMemory<char>>(column);
        ValueGetter<ReadOnlyMemory<char>>[] promptGetters = [.. prompts.Select(cursor.GetGetter<ReadOnlyMemory<char>>)];
        ReadOnlyMemory<char> text = default, prompt = default;
        string Prompt(int index)
        {
            if (index >= promptGetters.Length)
                return "";
            promptGetters[index](ref prompt);
            return prompt.ToString();
        }
        while (cursor.MoveNext())
        {
            cancellationToken.ThrowIfCancellationRequested();
            getter(ref text);
            RowCount++;
            if (text.Span.IsWhiteSpace())
                EmptyRowCount++;
            else
                yield return (RowCount, new FineTuningRow(Prompt(0), Prompt(1), text.ToString()));
        }
        if (RowCount == EmptyRowCount)
            throw NoText();
    }

    private InvalidOperationException NoText() => new(RowCount == 0
        ? $"The {what} has no rows. Training needs at least one row with text in column '{column.Name}'."
        : $"Column '{column.Name}' of the {what} holds no text: all {RowCount} rows are empty or white space. Set TextColumnName to the "
        + $"column with the {(prompts.Length == 0 ? "documents" : "answers")}.");
}

using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;

namespace Microsoft.ML.MaskedDiffusion.Transforms;

/// <summary>Streams a text column, and a column to group by, as documents.</summary>
internal static class CorpusReader
{
    /// <summary>The documents of one pass over the data; the columns are checked at once.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another type than expected.</exception>
    public static IEnumerable<PerplexityDocument> Read(
        IDataView data, string textColumnName, string? groupColumnName, CancellationToken cancellationToken)
    {
        InputColumn input = InputColumn.Text("text", textColumnName);
        InputColumn? by = groupColumnName is null ? null : GroupOf(data.Schema, groupColumnName);
        List<DataViewSchema.Column> columns = [input.Find(data.Schema, nameof(data))];
        if (by is not null)
            columns.Add(by.Find(data.Schema, nameof(data)));
        return Rows(data, input, by, columns, cancellationToken);
    }

    private static IEnumerable<PerplexityDocument> Rows(
        IDataView data, InputColumn input, InputColumn? by, List<DataViewSchema.Column> columns, CancellationToken cancellationToken)
    {
        using DataViewRowCursor cursor = data.GetRowCursor(columns);
        Func<string> text = input.BindText(cursor);
        Func<string?> group = static () => null;
        if (by is not null)
            group = by.BindGroup(cursor);
        while (cursor.MoveNext())
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return new PerplexityDocument(text(), group());
        }
    }

    // A key's number would name a group that nobody knows.
    private static InputColumn GroupOf(DataViewSchema schema, string name)
    {
        if (schema.GetColumnOrNull(name) is { Type: KeyDataViewType } column)
        {
            throw new ArgumentOutOfRangeException(
                "data",
                $"Schema mismatch for group column '{name}': expected String, DateTime, Boolean or a number, "
                + $"got {column.Type}. Convert the key first, with MapKeyToValue.");
        }
        return InputColumn.Group("group", name);
    }
}

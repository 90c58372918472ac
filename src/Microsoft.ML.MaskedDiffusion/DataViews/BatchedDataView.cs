
namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>
/// A view that adds computed columns lazily: rows are read ahead and computed in batches, and only where a computed column is asked for.
/// </summary>
internal sealed class BatchedDataView<TInput, TOutput>(IDataView source, DataViewSchema schema, RowComputation<TInput, TOutput> computation)
    : IDataView
{
    public bool CanShuffle => source.CanShuffle && !computation.JoinsRows;

    public DataViewSchema Schema => schema;

    public long? GetRowCount() => source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var active = new ActiveColumns(schema, columnsNeeded);
        DataViewSchema input = source.Schema;
        if (computation.JoinsRows)
            rand = null;
        List<DataViewSchema.Column> needed = [.. input.Where(column => active[column.Index])];
        if (!active.AnyFrom(input.Count))
            return new PassThroughCursor(source.GetRowCursor(needed, rand!), schema, active);
        IEnumerable<DataViewSchema.Column> read = computation.Inputs.Select(column => column.Find(input, nameof(columnsNeeded)));
        DataViewRowCursor cursor = source.GetRowCursor(needed.UnionBy(read, column => column.Index), rand!);
        try
        {
            return new BatchedCursor<TInput, TOutput>(cursor, schema, active, computation, source.GetRowCount());
        }
        catch
        {
            cursor.Dispose();
            throw;
        }
    }

    /// <summary>One cursor: parallelism is inside a batch, and two cursors would only fill smaller ones.</summary>
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];
}

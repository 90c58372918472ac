namespace Microsoft.ML.Data;

/// <summary>Row mappers one after another.</summary>
internal sealed class CompositeRowMapper(DataViewSchema inputSchema, IRowToRowMapper[] mappers) : IRowToRowMapper
{
    public DataViewSchema InputSchema { get; } = inputSchema;

    public DataViewSchema OutputSchema { get; } = mappers.Length > 0 ? mappers[^1].OutputSchema : inputSchema;

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
    {
        var needed = dependingColumns;
        for (var i = mappers.Length - 1; i >= 0; i--)
            needed = mappers[i].GetDependencies(needed).ToArray();
        return needed;
    }

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
    {
        ArgumentNullException.ThrowIfNull(input);
        // What each mapper has to produce follows from what those behind it take.
        var active = new DataViewSchema.Column[mappers.Length + 1][];
        active[mappers.Length] = [.. activeColumns];
        for (var i = mappers.Length - 1; i >= 0; i--)
            active[i] = [.. mappers[i].GetDependencies(active[i + 1])];
        var row = input;
        for (var i = 0; i < mappers.Length; i++)
            row = mappers[i].GetRow(row, active[i + 1]);
        return row;
    }
}

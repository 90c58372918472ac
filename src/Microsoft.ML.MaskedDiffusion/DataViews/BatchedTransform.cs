using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>
/// The parts of an ML.NET transformer that follow from its computation: schemas, the lazy batched view and the row mapper.
/// </summary>
internal interface IBatchedTransform
{
    /// <summary>Whether single rows can be mapped; false where rows are computed in groups.</summary>
    bool IsRowToRowMapper { get; }

    /// <summary>The input's columns first, so that their indices stay, then the computed ones.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing or of another type.</exception>
    DataViewSchema GetOutputSchema(DataViewSchema inputSchema);

    /// <summary>What an estimator of this transform promises for an input shape.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing or of another type.</exception>
    SchemaShape GetOutputShape(SchemaShape inputShape);

    /// <summary>A lazy view with the computed columns.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing or of another type.</exception>
    IDataView Transform(IDataView input);

    /// <exception cref="InvalidOperationException">The computation ties rows together, so a row alone cannot be computed.</exception>
    IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema);
}

/// <summary>The transformer of a computation.</summary>
internal sealed class BatchedTransform<TInput, TOutput>(RowComputation<TInput, TOutput> computation) : IBatchedTransform
{
    public bool IsRowToRowMapper => !computation.JoinsRows;

    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        foreach (InputColumn input in computation.Inputs)
            input.Find(inputSchema, nameof(inputSchema));
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(inputSchema);
        builder.AddColumns(computation.Outputs.Select(column => column.Detached));
        return builder.ToSchema();
    }

    public SchemaShape GetOutputShape(SchemaShape inputShape) => GetOutputSchema(inputShape, computation.Inputs, computation.Outputs);

    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new BatchedDataView<TInput, TOutput>(input, GetOutputSchema(input.Schema), computation);
    }

    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) => computation.JoinsRows
        ? throw new InvalidOperationException("This transform computes rows of a group together, so it maps no single rows: "
            + "transform a data view instead of using a prediction engine.")
        : new BatchedRowMapper<TInput, TOutput>(inputSchema, GetOutputSchema(inputSchema), computation);

    /// <summary>What an estimator of this computation promises for an input shape.</summary>
    public static SchemaShape GetOutputSchema(
        SchemaShape inputSchema, IEnumerable<InputColumn> inputs, IEnumerable<OutputColumn<TOutput>> outputs)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        foreach (InputColumn input in inputs)
            input.Check(inputSchema, nameof(inputSchema));
        return SchemaShapes.Append(inputSchema, outputs.Select(column => column.Detached));
    }
}

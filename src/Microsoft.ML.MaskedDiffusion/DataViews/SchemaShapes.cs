using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>Makes the <see cref="SchemaShape"/>s that ML.NET gives outside assemblies no constructor for.</summary>
internal static class SchemaShapes
{
    /// <summary>The shape of a schema's visible columns, as ML.NET itself makes it at the start of every chain's fit.</summary>
    public static SchemaShape Of(DataViewSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        var probe = new Probe();
        new EstimatorChain<ITransformer>().Append(probe).Fit(new BlankView(schema));
        return probe.Seen!;
    }

    /// <summary>What an estimator that adds columns promises: the input's columns, less those it hides, then its own.</summary>
    public static SchemaShape Append(SchemaShape input, IEnumerable<DataViewSchema.DetachedColumn> added)
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(added);
        SchemaShape own = Of(builder.ToSchema());
        var names = own.Select(column => column.Name).ToHashSet(StringComparer.Ordinal);
        return new SchemaShape(input.Where(column => !names.Contains(column.Name)).Concat(own));
    }

    // An estimator that only looks: the chain hands it the shape of the data it is fitted on.
    private sealed class Probe : IEstimator<ITransformer>
    {
        public SchemaShape? Seen { get; private set; }

        public ITransformer Fit(IDataView input) => new TransformerChain<ITransformer>();

        public SchemaShape GetOutputSchema(SchemaShape inputSchema) => Seen = inputSchema;
    }
}

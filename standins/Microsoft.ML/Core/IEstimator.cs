namespace Microsoft.ML;

/// <summary>Learns a transformer from data.</summary>
public interface IEstimator<out TTransformer>
    where TTransformer : ITransformer
{
    TTransformer Fit(IDataView input);

    /// <summary>The promised shape of the schema that the fitted transformer makes out of a schema of this shape.</summary>
    SchemaShape GetOutputSchema(SchemaShape inputSchema);
}

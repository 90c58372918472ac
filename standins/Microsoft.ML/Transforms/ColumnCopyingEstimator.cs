namespace Microsoft.ML.Transforms;

/// <summary>Estimator of <see cref="ColumnCopyingTransformer"/>.</summary>
public sealed class ColumnCopyingEstimator : TrivialEstimator<ColumnCopyingTransformer>
{
    internal ColumnCopyingEstimator(string outputColumnName, string inputColumnName)
        : base(new ColumnCopyingTransformer([(outputColumnName, inputColumnName)]))
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ArgumentException.ThrowIfNullOrEmpty(inputColumnName);
    }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        var copies = Transformer.Pairs.Select(pair =>
        {
            var input = Schemas.Find(inputSchema, pair.Input);
            return new SchemaShape.Column(pair.Output, input.Kind, input.ItemType, input.IsKey, input.Annotations);
        });
        return Schemas.With(inputSchema, [.. copies]);
    }
}

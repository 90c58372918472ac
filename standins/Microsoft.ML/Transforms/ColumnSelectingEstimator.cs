namespace Microsoft.ML.Transforms;

/// <summary>Estimator of <see cref="ColumnSelectingTransformer"/>.</summary>
public sealed class ColumnSelectingEstimator : TrivialEstimator<ColumnSelectingTransformer>
{
    internal ColumnSelectingEstimator(string[] names, bool keep, bool keepHidden)
        : base(new ColumnSelectingTransformer(names ?? throw new ArgumentNullException(nameof(names)), keep, keepHidden))
    {
    }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        var named = Transformer.Names.Select(name => Schemas.Find(inputSchema, name)).ToList();
        return new SchemaShape(Transformer.Keep ? named : inputSchema.Where(c => !Transformer.Names.Contains(c.Name)));
    }
}

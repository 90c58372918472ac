namespace Microsoft.ML.Transforms;

/// <summary>Estimator of <see cref="KeyToValueMappingTransformer"/>.</summary>
public sealed class KeyToValueMappingEstimator : TrivialEstimator<KeyToValueMappingTransformer>
{
    internal KeyToValueMappingEstimator((string Output, string Input)[] columns)
        : base(new KeyToValueMappingTransformer(columns))
    {
        foreach (var (output, _) in columns) ArgumentException.ThrowIfNullOrEmpty(output, nameof(columns));
    }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        var mapped = Transformer.Pairs.Select(pair =>
        {
            var input = Schemas.Find(inputSchema, pair.Input);
            if (!input.IsKey || !input.Annotations.TryFindColumn(KeyValues.Kind, out var names))
                throw SchemaErrors.Mismatch(nameof(inputSchema), "input", pair.Input, "key type with KeyValues annotation", input.GetTypeString());
            return new SchemaShape.Column(pair.Output, input.Kind, names.ItemType, names.IsKey);
        });
        return Schemas.With(inputSchema, [.. mapped]);
    }
}

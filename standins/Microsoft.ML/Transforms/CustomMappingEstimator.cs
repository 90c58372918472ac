namespace Microsoft.ML.Transforms;

/// <summary>Estimator of <see cref="CustomMappingTransformer{TSrc, TDst}"/>.</summary>
public sealed class CustomMappingEstimator<TSrc, TDst> : TrivialEstimator<CustomMappingTransformer<TSrc, TDst>>
    where TSrc : class, new()
    where TDst : class, new()
{
    internal CustomMappingEstimator(CustomMappingTransformer<TSrc, TDst> transformer)
        : base(transformer)
    {
    }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        foreach (var member in Transformer.Inputs)
        {
            var wanted = SchemaShape.Column.Of(member.Name, member.Type);
            var found = Schemas.Find(inputSchema, member.Name);
            // A member of variable size also takes vectors of known size.
            bool kindFits = wanted.Kind == SchemaShape.Column.VectorKind.VariableVector ? found.Kind != SchemaShape.Column.VectorKind.Scalar : found.Kind == wanted.Kind;
            if (!kindFits || !wanted.ItemType.Equals(found.ItemType) || wanted.IsKey != found.IsKey)
                throw SchemaErrors.Mismatch(nameof(inputSchema), "input", member.Name, wanted.GetTypeString(), found.GetTypeString());
        }
        return Schemas.With(inputSchema, [.. SchemaShape.Create(TypedColumn.SchemaOf(Transformer.Outputs))]);
    }
}

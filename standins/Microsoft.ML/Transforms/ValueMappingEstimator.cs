namespace Microsoft.ML.Transforms;

/// <summary>Estimator of <see cref="ValueMappingTransformer"/>.</summary>
public class ValueMappingEstimator : TrivialEstimator<ValueMappingTransformer>
{
    internal ValueMappingEstimator(ValueTable table, string outputColumnName, string inputColumnName)
        : base(new ValueMappingTransformer(table, [(outputColumnName, inputColumnName ?? outputColumnName)]))
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
    }

    public sealed override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        var table = Transformer.Table;
        var mapped = Transformer.Pairs.Select(pair =>
        {
            var input = Schemas.Find(inputSchema, pair.Input);
            bool vector = input.Kind != SchemaShape.Column.VectorKind.Scalar;
            if (input.ItemType.RawType != table.KeyType.RawType || input.IsKey != table.KeyType is KeyDataViewType || (vector && table.ValueType is VectorDataViewType))
                throw new InvalidOperationException($"Column '{pair.Input}' is of type {input.GetTypeString()}; the table maps {table.KeyType}.");
            var annotations = SchemaShape.Create(table.Annotations.Schema);
            var output = SchemaShape.Column.Of(pair.Output, table.ValueType, annotations);
            return vector ? new SchemaShape.Column(pair.Output, input.Kind, output.ItemType, output.IsKey, annotations) : output;
        });
        return Schemas.With(inputSchema, [.. mapped]);
    }
}

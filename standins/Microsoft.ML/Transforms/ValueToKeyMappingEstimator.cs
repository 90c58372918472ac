namespace Microsoft.ML.Transforms;

/// <summary>Learns which values a column holds and numbers them.</summary>
public sealed class ValueToKeyMappingEstimator : IEstimator<ValueToKeyMappingTransformer>
{
    private readonly (string Output, string Input)[] _columns;
    private readonly int _maximum;
    private readonly KeyOrdinality _order;
    private readonly bool _asText;
    private readonly IDataView _keyData;

    internal ValueToKeyMappingEstimator((string Output, string Input)[] columns, int maximum, KeyOrdinality order, bool asText, IDataView keyData)
    {
        foreach (var (output, _) in columns) ArgumentException.ThrowIfNullOrEmpty(output, nameof(columns));
        if (maximum <= 0) throw new ArgumentOutOfRangeException(nameof(maximum), maximum, "maximumNumberOfKeys must be positive");
        if (keyData is { Schema.Count: not 1 }) throw new ArgumentException("Key data must have one column.", nameof(keyData));
        _columns = columns;
        _maximum = maximum;
        _order = order;
        _asText = asText;
        _keyData = keyData;
    }

    /// <summary>The order in which values get their numbers.</summary>
    public enum KeyOrdinality : byte
    {
        ByOccurrence = 0,
        ByValue = 1,
    }

    public ValueToKeyMappingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var tables = Array.ConvertAll(_columns, pair =>
        {
            var column = Schemas.Find(input.Schema, pair.Input);
            if (_keyData is null) return KeyTableBuilder.Build(input, column, _maximum, _order, _asText);
            var given = _keyData.Schema[0];
            if (Generic.ItemRawType(given.Type) != Generic.ItemRawType(column.Type))
                throw SchemaErrors.Mismatch("inputSchema", "input", column.Name, given.Type.ToString(), column.Type.ToString());
            return KeyTableBuilder.Build(_keyData, given, int.MaxValue, _order, _asText);
        });
        return new ValueToKeyMappingTransformer(tables, _columns);
    }

    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return Schemas.With(inputSchema, Array.ConvertAll(_columns, pair =>
        {
            var input = Schemas.Find(inputSchema, pair.Input);
            var names = new SchemaShape.Column(KeyValues.Kind, SchemaShape.Column.VectorKind.Vector,
                _asText ? TextDataViewType.Instance : input.ItemType, !_asText && input.IsKey);
            return new SchemaShape.Column(pair.Output, input.Kind, NumberDataViewType.UInt32, true, new SchemaShape([names]));
        }));
    }
}

namespace Microsoft.ML.Transforms;

/// <summary>Replaces keys by the values their column's annotation names.</summary>
public sealed class KeyToValueMappingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "KeyToValueTransform";

    internal KeyToValueMappingTransformer((string Output, string Input)[] columns)
        : base(columns)
    {
    }

    internal IReadOnlyList<(string Output, string Input)> Pairs => Columns;

    private protected override RowMapping Bind(DataViewSchema inputSchema) => new OneToOneMapping(inputSchema, Columns.Select(pair =>
    {
        var input = Schemas.Find(inputSchema, pair.Input);
        if (DataViewTypes.ItemType(input.Type) is not KeyDataViewType key || KeyValues.TypeOrNull(input) is not { } names)
            throw SchemaErrors.Mismatch(nameof(inputSchema), "input", input.Name, "key type with KeyValues annotation", input.Type.ToString());
        var table = (ValueTable)Generic.Call(typeof(KeyToValueMappingTransformer), nameof(Table), [key.RawType, names.RawType], input, key, names);
        return new OneToOneMapping.Column(new(pair.Output, table.OutputType(input)), input, table.CreateGetter);
    }).ToArray());

    private static ValueTable Table<TKey, TValue>(DataViewSchema.Column input, KeyDataViewType key, PrimitiveDataViewType names)
    {
        VBuffer<TValue> values = default;
        input.Annotations.GetValue(KeyValues.Kind, ref values);
        var keys = Enumerable.Range(1, values.Length).Select(i => (TKey)Convert.ChangeType(i, typeof(TKey), null)).ToArray();
        return new ValueTable<TKey, TValue>(key, names, null, keys, [.. values.DenseValues()]);
    }

    private protected override void SaveModel(ModelSaveContext context)
    {
        context.Start(LoaderSignature);
        SaveColumns(context.Writer);
    }

    internal static ITransformer Load(IHostEnvironment environment, ModelLoadContext context) => new KeyToValueMappingTransformer(LoadColumns(context.Reader));
}

namespace Microsoft.ML.Transforms;

/// <summary>Gives a column another name, annotations included.</summary>
public sealed class ColumnCopyingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "CopyTransform";

    internal ColumnCopyingTransformer(IEnumerable<(string Output, string Input)> columns)
        : base(columns)
    {
    }

    internal IReadOnlyList<(string Output, string Input)> Pairs => Columns;

    private protected override RowMapping Bind(DataViewSchema inputSchema) => new OneToOneMapping(inputSchema, Columns.Select(pair =>
    {
        var input = Schemas.Find(inputSchema, pair.Input);
        return new OneToOneMapping.Column(new(pair.Output, input.Type, input.Annotations), input,
            (row, column) => (Delegate)Generic.Call(typeof(ColumnCopyingTransformer), nameof(GetGetter), column.Type.RawType, row, column));
    }).ToArray());

    private static ValueGetter<T> GetGetter<T>(DataViewRow row, DataViewSchema.Column column) => row.GetGetter<T>(column);

    private protected override void SaveModel(ModelSaveContext context)
    {
        context.Start(LoaderSignature);
        SaveColumns(context.Writer);
    }

    internal static ITransformer Load(IHostEnvironment environment, ModelLoadContext context) => new ColumnCopyingTransformer(LoadColumns(context.Reader));
}

namespace Microsoft.ML.Transforms;

/// <summary>Looks each value up in a table; a value the table lacks becomes zero or empty.</summary>
public class ValueMappingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "ValueMappingTransformer";
    private const string TableEntry = "DefaultMap.idv";

    private readonly ValueTable _table;

    internal ValueMappingTransformer(ValueTable table, IEnumerable<(string Output, string Input)> columns)
        : base(columns) => _table = table;

    internal ValueTable Table => _table;

    internal IReadOnlyList<(string Output, string Input)> Pairs => Columns;

    private protected override RowMapping Bind(DataViewSchema inputSchema) => new OneToOneMapping(inputSchema, Columns.Select(pair =>
    {
        var input = Schemas.Find(inputSchema, pair.Input);
        return new OneToOneMapping.Column(new(pair.Output, _table.OutputType(input), _table.Annotations), input, _table.CreateGetter);
    }).ToArray());

    private protected override void SaveModel(ModelSaveContext context)
    {
        context.Start(LoaderSignature);
        SaveColumns(context.Writer);
        context.SaveBinaryStream(TableEntry, _table.Save);
    }

    internal static ITransformer Load(IHostEnvironment environment, ModelLoadContext context)
    {
        var columns = LoadColumns(context.Reader);
        ValueTable table = null;
        if (!context.TryLoadBinaryStream(TableEntry, reader => table = ValueTable.Load(reader)))
            throw new InvalidDataException($"The model's part '{context.Directory}' lacks its table '{TableEntry}'.");
        return new ValueMappingTransformer(table, columns);
    }
}

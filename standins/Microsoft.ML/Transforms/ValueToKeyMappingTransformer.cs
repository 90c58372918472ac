using System.Globalization;

namespace Microsoft.ML.Transforms;

/// <summary>Replaces values by their numbers; values not seen in training become the missing key.</summary>
public sealed class ValueToKeyMappingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "TermTransform";

    private readonly ValueTable[] _tables;

    internal ValueToKeyMappingTransformer(ValueTable[] tables, (string Output, string Input)[] columns)
        : base(columns) => _tables = tables;

    private protected override RowMapping Bind(DataViewSchema inputSchema) => new OneToOneMapping(inputSchema, Columns.Select((pair, i) =>
    {
        var input = Schemas.Find(inputSchema, pair.Input);
        return new OneToOneMapping.Column(new(pair.Output, _tables[i].OutputType(input), _tables[i].Annotations), input, _tables[i].CreateGetter);
    }).ToArray());

    private protected override void SaveModel(ModelSaveContext context)
    {
        context.Start(LoaderSignature);
        SaveColumns(context.Writer);
        for (int i = 0; i < _tables.Length; i++) context.SaveBinaryStream(Entry(i), _tables[i].Save);
    }

    internal static ITransformer Load(IHostEnvironment environment, ModelLoadContext context)
    {
        var columns = LoadColumns(context.Reader);
        var tables = new ValueTable[columns.Length];
        for (int i = 0; i < tables.Length; i++)
        {
            int index = i;
            if (!context.TryLoadBinaryStream(Entry(i), reader => tables[index] = ValueTable.Load(reader)))
                throw new InvalidDataException($"The model's part '{context.Directory}' lacks its table '{Entry(i)}'.");
        }
        return new ValueToKeyMappingTransformer(tables, columns);
    }

    private static string Entry(int index) => string.Create(CultureInfo.InvariantCulture, $"Vocabulary_{index:000}");
}

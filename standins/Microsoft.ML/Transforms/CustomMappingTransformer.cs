namespace Microsoft.ML.Transforms;

/// <summary>Runs the user's code on each row. The code is called from several threads.</summary>
public sealed class CustomMappingTransformer<TSrc, TDst> : ITransformer
    where TSrc : class, new()
    where TDst : class, new()
{
    private readonly Action<TSrc, TDst> _mapAction;
    private readonly string _contractName;

    internal CustomMappingTransformer(Action<TSrc, TDst> mapAction, string contractName, SchemaDefinition inputSchemaDefinition, SchemaDefinition outputSchemaDefinition)
    {
        ArgumentNullException.ThrowIfNull(mapAction);
        _mapAction = mapAction;
        _contractName = contractName;
        InputDefinition = inputSchemaDefinition;
        Inputs = TypedColumn.Of(typeof(TSrc), inputSchemaDefinition, SchemaDefinition.Direction.Write);
        Outputs = TypedColumn.Of(typeof(TDst), outputSchemaDefinition, SchemaDefinition.Direction.Read);
    }

    internal SchemaDefinition InputDefinition { get; }

    internal TypedColumn[] Inputs { get; }

    internal TypedColumn[] Outputs { get; }

    bool ITransformer.IsRowToRowMapper => true;

    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return Bind(inputSchema).OutputSchema;
    }

    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new MappedView(Bind(input.Schema), input);
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return Bind(inputSchema);
    }

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        if (_contractName == null) throw new InvalidOperationException("Empty contract name for a transform: the transform cannot be saved");
        CustomMappingLoader.Save(ctx, _contractName, _mapAction.Method.Module.Assembly);
    }

    private CustomMapping<TSrc, TDst> Bind(DataViewSchema schema) => new(schema, _mapAction, InputDefinition, Outputs);
}

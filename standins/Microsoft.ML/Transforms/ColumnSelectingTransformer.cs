namespace Microsoft.ML.Transforms;

/// <summary>Keeps the named columns, in the order named, or drops them.</summary>
public sealed class ColumnSelectingTransformer : ITransformer
{
    internal const string LoaderSignature = "SelectColumnsTransform";

    internal ColumnSelectingTransformer(IEnumerable<string> names, bool keep, bool keepHidden)
    {
        Names = [.. names];
        Keep = keep;
        KeepHidden = keepHidden;
    }

    internal string[] Names { get; }

    internal bool Keep { get; }

    internal bool KeepHidden { get; }

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

    bool ITransformer.IsRowToRowMapper => true;

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return Bind(inputSchema);
    }

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ctx.Start(LoaderSignature);
        ctx.Writer.Write(Keep);
        ctx.Writer.Write(KeepHidden);
        ctx.Writer.WriteStrings(Names);
    }

    internal static ITransformer Load(IHostEnvironment environment, ModelLoadContext context)
    {
        bool keep = context.Reader.ReadBoolean(), keepHidden = context.Reader.ReadBoolean();
        return new ColumnSelectingTransformer(context.Reader.ReadStrings("columns"), keep, keepHidden);
    }

    private Selection Bind(DataViewSchema schema)
    {
        foreach (string name in Names) Schemas.Find(schema, name);
        var seen = schema.Where(c => KeepHidden || !c.IsHidden);
        return new Selection(schema, Keep
            ? Names.SelectMany(name => seen.Where(c => c.Name == name)).Select(c => c.Index)
            : seen.Where(c => !Names.Contains(c.Name)).Select(c => c.Index));
    }

    private sealed class Selection(DataViewSchema input, IEnumerable<int> kept) : RowMapping(input, kept)
    {
        protected override IEnumerable<DataViewSchema.Column> InputsOf(int added) => [];

        public override Delegate[] CreateGetters(DataViewRow input, Func<int, bool> isAddedActive, out Action dispose)
        {
            dispose = null;
            return [];
        }
    }
}

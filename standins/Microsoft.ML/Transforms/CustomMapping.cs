namespace Microsoft.ML.Transforms;

/// <summary>A custom mapping bound to a schema. Each row or cursor reuses one pair of objects, and maps once per position.</summary>
internal sealed class CustomMapping<TSrc, TDst> : RowMapping
    where TSrc : class, new()
    where TDst : class, new()
{
    private readonly Action<TSrc, TDst> _mapAction;
    private readonly RowFiller<TSrc> _filler;
    private readonly TypedColumn[] _outputs;

    public CustomMapping(DataViewSchema input, Action<TSrc, TDst> mapAction, SchemaDefinition inputDefinition, TypedColumn[] outputs)
        : base(input, Array.ConvertAll(outputs, c => new DataViewSchema.DetachedColumn(c.Name, c.Type, c.Annotations)))
    {
        _mapAction = mapAction;
        _filler = new RowFiller<TSrc>(input, ignoreMissingColumns: false, inputDefinition);
        _outputs = outputs;
    }

    public override bool WantsThreads => true;

    protected override IEnumerable<DataViewSchema.Column> InputsOf(int added) => _filler.Dependencies;

    public override Delegate[] CreateGetters(DataViewRow input, Func<int, bool> isAddedActive, out Action dispose)
    {
        dispose = null;
        var getters = new Delegate[_outputs.Length];
        if (!Enumerable.Range(0, getters.Length).Any(isAddedActive)) return getters;
        var fill = _filler.Bind(input);
        var source = new TSrc();
        var holder = new RowHolder<TDst> { Row = new TDst() };
        long served = -1;
        void Refresh()
        {
            if (served == input.Position) return;
            fill(source);
            _mapAction(source, holder.Row);
            served = input.Position;
        }
        for (int i = 0; i < getters.Length; i++)
        {
            if (!isAddedActive(i)) continue;
            var inner = ObjectGetters.Create(holder, _outputs[i]);
            getters[i] = (Delegate)Generic.Call(typeof(CustomMapping<TSrc, TDst>), nameof(After), _outputs[i].Type.RawType, (Action)Refresh, inner);
        }
        return getters;
    }

    private static ValueGetter<T> After<T>(Action refresh, ValueGetter<T> getter) => (ref T value) =>
    {
        refresh();
        getter(ref value);
    };
}

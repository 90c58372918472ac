namespace Microsoft.ML.Transforms;

/// <summary>The getters of a mapped row or cursor: pass-through ones from its input, computed ones from its mapping.</summary>
internal sealed class MappedGetters : IDisposable
{
    private readonly RowMapping _mapping;
    private readonly DataViewRow _input;
    private readonly ActiveColumns _active;
    private readonly Delegate[] _computed;
    private readonly Action _dispose;

    public MappedGetters(RowMapping mapping, DataViewRow input, ActiveColumns active)
    {
        _mapping = mapping;
        _input = input;
        _active = active;
        var wanted = new bool[mapping.AddedCount];
        for (int i = 0; i < mapping.OutputSchema.Count; i++)
            if (mapping.SourceOf(i) < 0 && active[i]) wanted[~mapping.SourceOf(i)] = true;
        _computed = mapping.AddedCount == 0 ? [] : mapping.CreateGetters(input, added => wanted[added], out _dispose);
    }

    public bool IsActive(DataViewSchema.Column column) => _active[RowMapping.CheckColumn(column, _mapping.OutputSchema)];

    public ValueGetter<TValue> Get<TValue>(DataViewSchema.Column column)
    {
        if (!IsActive(column)) throw new ArgumentOutOfRangeException(nameof(column), $"Column '{column.Name}' is not active: it was not asked for.");
        int source = _mapping.SourceOf(column.Index);
        if (source >= 0) return _input.GetGetter<TValue>(_input.Schema[source]);
        return _computed[~source] as ValueGetter<TValue>
            ?? throw new InvalidOperationException($"Invalid TValue: '{typeof(TValue)}', expected type: '{column.Type.RawType}'.");
    }

    public void Dispose() => _dispose?.Invoke();
}

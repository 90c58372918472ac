namespace Microsoft.ML.Transforms;

/// <summary>A mapping each of whose added columns is computed from one input column.</summary>
internal sealed class OneToOneMapping : RowMapping
{
    private readonly Column[] _columns;

    /// <summary>An output column, the input column it is computed from, and what makes its getter for a row.</summary>
    public sealed record Column(DataViewSchema.DetachedColumn Output, DataViewSchema.Column Input, Func<DataViewRow, DataViewSchema.Column, Delegate> CreateGetter);

    public OneToOneMapping(DataViewSchema input, params Column[] columns)
        : base(input, Array.ConvertAll(columns, c => c.Output)) => _columns = columns;

    protected override IEnumerable<DataViewSchema.Column> InputsOf(int added) => [_columns[added].Input];

    public override Delegate[] CreateGetters(DataViewRow input, Func<int, bool> isAddedActive, out Action dispose)
    {
        dispose = null;
        var getters = new Delegate[_columns.Length];
        for (int i = 0; i < getters.Length; i++)
            if (isAddedActive(i)) getters[i] = _columns[i].CreateGetter(input, input.Schema[_columns[i].Input.Index]);
        return getters;
    }
}

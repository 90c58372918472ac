namespace Microsoft.ML.Transforms;

/// <summary>A transformer bound to one input schema: which output column comes from which input, and how the added ones are computed.</summary>
internal abstract class RowMapping : IRowToRowMapper
{
    // Output index to input index, or the complement of an added column's number.
    private readonly int[] _sources;

    /// <summary>Keeps all input columns; an added column stands behind the one it hides, else at the end.</summary>
    protected RowMapping(DataViewSchema input, IReadOnlyList<DataViewSchema.DetachedColumn> added)
    {
        InputSchema = input;
        AddedCount = added.Count;
        var names = input.Select(c => c.Name).ToList();
        var sources = Enumerable.Range(0, input.Count).ToList();
        for (int i = 0; i < added.Count; i++)
        {
            int hidden = names.LastIndexOf(added[i].Name);
            int place = hidden < 0 ? names.Count : hidden + 1;
            names.Insert(place, added[i].Name);
            sources.Insert(place, ~i);
        }
        _sources = [.. sources];
        var builder = new DataViewSchema.Builder();
        foreach (int source in _sources)
        {
            var column = source >= 0 ? new DataViewSchema.DetachedColumn(input[source]) : added[~source];
            builder.AddColumn(column.Name, column.Type, column.Annotations);
        }
        OutputSchema = builder.ToSchema();
    }

    /// <summary>Adds nothing: the given input columns in the given order.</summary>
    protected RowMapping(DataViewSchema input, IEnumerable<int> kept)
    {
        InputSchema = input;
        _sources = [.. kept];
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(_sources.Select(i => new DataViewSchema.DetachedColumn(input[i])));
        OutputSchema = builder.ToSchema();
    }

    public DataViewSchema InputSchema { get; }

    public DataViewSchema OutputSchema { get; }

    public int AddedCount { get; }

    /// <summary>Whether a pass may be spread over threads; only worth it where a row costs something.</summary>
    public virtual bool WantsThreads => false;

    /// <summary>The input columns an added column is computed from.</summary>
    protected abstract IEnumerable<DataViewSchema.Column> InputsOf(int added);

    /// <summary>Getters (<see cref="ValueGetter{TValue}"/>) of the added columns asked for; others stay null.</summary>
    public abstract Delegate[] CreateGetters(DataViewRow input, Func<int, bool> isAddedActive, out Action dispose);

    /// <summary>Input index, or the complement of an added column's number.</summary>
    public int SourceOf(int outputIndex) => _sources[outputIndex];

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
    {
        var needed = new HashSet<int>();
        foreach (var column in dependingColumns)
        {
            int source = _sources[CheckColumn(column, OutputSchema)];
            if (source >= 0) needed.Add(source);
            else foreach (var input in InputsOf(~source)) needed.Add(input.Index);
        }
        return InputSchema.Where(c => needed.Contains(c.Index)).ToArray();
    }

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.Schema != InputSchema) throw new InvalidOperationException("Schema of input row must be the same as the schema the mapper is bound to");
        return new MappedRow(this, input, new ActiveColumns(OutputSchema, activeColumns));
    }

    internal static int CheckColumn(DataViewSchema.Column column, DataViewSchema schema)
    {
        if (column.Index >= schema.Count || !column.Equals(schema[column.Index]))
            throw new ArgumentException($"Column '{column.Name}' does not belong to the schema of this view.", nameof(column));
        return column.Index;
    }
}

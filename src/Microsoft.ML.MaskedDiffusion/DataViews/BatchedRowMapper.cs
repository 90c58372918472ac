using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.DataViews;

/// <summary>Computes one row at a time: what a prediction engine runs on. The computed columns of a row share one computation.</summary>
internal sealed class BatchedRowMapper<TInput, TOutput>(
    DataViewSchema inputSchema, DataViewSchema outputSchema, RowComputation<TInput, TOutput> computation) : IRowToRowMapper
{
    public DataViewSchema InputSchema => inputSchema;

    public DataViewSchema OutputSchema => outputSchema;

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
    {
        var active = new ActiveColumns(outputSchema, dependingColumns);
        IEnumerable<DataViewSchema.Column> passed = inputSchema.Where(column => active[column.Index]);
        if (!active.AnyFrom(inputSchema.Count))
            return [.. passed];
        IEnumerable<DataViewSchema.Column> read = computation.Inputs.Select(column => column.Find(inputSchema, nameof(dependingColumns)));
        return [.. passed.UnionBy(read, column => column.Index)];
    }

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.Schema.Count != inputSchema.Count)
        {
            throw new ArgumentException(
                $"The row has {input.Schema.Count} columns, and the mapper was made for {inputSchema.Count}.", nameof(input));
        }
        return new Row(input, outputSchema, new ActiveColumns(outputSchema, activeColumns), computation);
    }

    private sealed class Row : DataViewRow
    {
        private readonly DataViewRow _input;
        private readonly ActiveColumns _active;
        private readonly RowComputation<TInput, TOutput> _computation;
        private readonly Func<TInput>? _read;
        private TOutput? _output;
        // A position that no row has: a prediction engine starts at -1, and its first row is 0.
        private long _computedPosition = long.MinValue;

        public Row(DataViewRow input, DataViewSchema schema, ActiveColumns active, RowComputation<TInput, TOutput> computation)
        {
            _input = input;
            Schema = schema;
            _active = active;
            _computation = computation;
            if (active.AnyFrom(input.Schema.Count))
                _read = computation.Bind(input);
        }

        public override long Position => _input.Position;

        public override long Batch => _input.Batch;

        public override DataViewSchema Schema { get; }

        public override bool IsColumnActive(DataViewSchema.Column column) => _active.Contains(column);

        public override ValueGetter<DataViewRowId> GetIdGetter() => _input.GetIdGetter();

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            int index = _active.Require<TValue>(column), computed = index - _input.Schema.Count;
            return computed < 0
                ? _input.GetGetter<TValue>(_input.Schema[index])
                : (ValueGetter<TValue>)_computation.Outputs[computed].CreateGetter(Current);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _input.Dispose();
            base.Dispose(disposing);
        }

        private TOutput Current()
        {
            if (_computedPosition != _input.Position)
            {
                _output = _computation.Compute([_read!()], _computation.CancellationToken)[0];
                _computedPosition = _input.Position;
            }
            return _output!;
        }
    }
}

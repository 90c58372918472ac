namespace Microsoft.ML;

/// <summary>Runs a model on one object at a time. Not safe for several threads.</summary>
public abstract class PredictionEngineBase<TSrc, TDst> : IDisposable
    where TSrc : class
    where TDst : class, new()
{
    private readonly ObjectRow<TSrc> _input;
    private readonly Action<TDst> _fill;
    private readonly ITransformer _transformer;
    private readonly bool _ownsTransformer;
    private bool _disposed;

    private protected PredictionEngineBase(ITransformer transformer, PredictionEngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(transformer);
        if (!transformer.IsRowToRowMapper) throw new ArgumentException("Must be a row to row mapper", nameof(transformer));
        _transformer = transformer;
        _ownsTransformer = options.OwnsTransformer;
        _input = new ObjectRow<TSrc>(options.InputSchemaDefinition);
        var mapper = transformer.GetRowToRowMapper(_input.Schema);
        OutputSchema = mapper.OutputSchema;
        var filler = new RowFiller<TDst>(OutputSchema, options.IgnoreMissingColumns, options.OutputSchemaDefinition);
        // All columns are active, as in the published package: a mapper must be able to make each of them.
        var output = mapper.GetRow(_input, OutputSchema);
        _fill = filler.Bind(output);
    }

    public DataViewSchema OutputSchema { get; }

    public TDst Predict(TSrc example)
    {
        var prediction = new TDst();
        Predict(example, ref prediction);
        return prediction;
    }

    public abstract void Predict(TSrc example, ref TDst prediction);

    // Each example advances the input row's position, by which mappers know that what they cached is old.
    private protected void Run(TSrc example, ref TDst prediction)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _input.Set(example);
        prediction ??= new TDst();
        _fill(prediction);
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _input.Dispose();
        if (_ownsTransformer) (_transformer as IDisposable)?.Dispose();
    }
}

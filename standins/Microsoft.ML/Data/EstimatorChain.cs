namespace Microsoft.ML.Data;

/// <summary>Estimators fitted one after another, each on what those before it make of the data.</summary>
public sealed class EstimatorChain<TLastTransformer> : IEstimator<TransformerChain<TLastTransformer>>
    where TLastTransformer : class, ITransformer
{
    /// <summary>Null in an empty chain.</summary>
    public readonly IEstimator<TLastTransformer> LastEstimator;

    private readonly IHostEnvironment _environment;
    private readonly IEstimator<ITransformer>[] _estimators;
    private readonly TransformerScope[] _scopes;
    private readonly bool[] _cacheAfter;

    public EstimatorChain()
        : this(null, [], [], [])
    {
    }

    internal EstimatorChain(IHostEnvironment environment, IEstimator<ITransformer>[] estimators, TransformerScope[] scopes, bool[] cacheAfter)
    {
        _environment = environment;
        _estimators = estimators;
        _scopes = scopes;
        _cacheAfter = cacheAfter;
        LastEstimator = estimators.LastOrDefault() as IEstimator<TLastTransformer>;
    }

    public TransformerChain<TLastTransformer> Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        // All schemas are checked before any estimator starts on data.
        GetOutputSchema(SchemaShape.Create(input.Schema));
        var view = input;
        var transformers = new ITransformer[_estimators.Length];
        for (var i = 0; i < _estimators.Length; i++)
        {
            transformers[i] = _estimators[i].Fit(view);
            view = transformers[i].Transform(view);
            if (_cacheAfter[i] && i < _estimators.Length - 1)
                view = new CacheDataView(view, []);
        }
        return new TransformerChain<TLastTransformer>(transformers, _scopes);
    }

    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return _estimators.Aggregate(inputSchema, (shape, estimator) => estimator.GetOutputSchema(shape));
    }

    public EstimatorChain<TNewTrans> Append<TNewTrans>(IEstimator<TNewTrans> estimator, TransformerScope scope = TransformerScope.Everything)
        where TNewTrans : class, ITransformer
    {
        ArgumentNullException.ThrowIfNull(estimator);
        return new(_environment, [.. _estimators, estimator], [.. _scopes, scope], [.. _cacheAfter, false]);
    }

    /// <summary>Lets the estimators that follow read a cache instead of recomputing what comes before.</summary>
    public EstimatorChain<TLastTransformer> AppendCacheCheckpoint(IHostEnvironment env)
    {
        ArgumentNullException.ThrowIfNull(env);
        if (_estimators.Length == 0 || _cacheAfter[^1])
            return new(env, _estimators, _scopes, _cacheAfter);
        var cacheAfter = _cacheAfter.ToArray();
        cacheAfter[^1] = true;
        return new(env, _estimators, _scopes, cacheAfter);
    }
}

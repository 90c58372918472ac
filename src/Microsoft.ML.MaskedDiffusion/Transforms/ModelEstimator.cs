using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Transforms;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// What estimators share that have nothing to fit: they check the schema and make their transformer. The model stays the caller's: it must
/// outlive the transformers and is not disposed by them.
/// </summary>
/// <typeparam name="TTransformer">What the estimator makes.</typeparam>
/// <remarks>Safe for several threads.</remarks>
public abstract class ModelEstimator<TTransformer> : IEstimator<TTransformer>
    where TTransformer : ModelTransformer
{
    private readonly IBatchedTransform _transform;
    private readonly Func<TTransformer> _make;

    private protected ModelEstimator(IModelComputation computation, Func<TTransformer> make) =>
        (_transform, _make) = (computation.Transform, make);

    /// <summary>Checks the schema and makes the transformer.</summary>
    /// <param name="input">The data, of which only the schema is read.</param>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing or of another type.</exception>
    public TTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        GetOutputSchema(SchemaShapes.Of(input.Schema));
        return _make();
    }

    /// <summary>The input's columns and the added ones.</summary>
    /// <param name="inputSchema">The shape of the data.</param>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing or of another type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema) => _transform.GetOutputShape(inputSchema);
}

using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Transforms.Infilling;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Fills the gaps of texts. There is nothing to fit. The model stays the caller's: it must outlive the transformers and is not disposed by
/// them.
/// </summary>
/// <remarks>Safe for several threads. See <see cref="InfillTransformer"/> for what exactly is computed.</remarks>
public sealed class InfillEstimator : IEstimator<InfillTransformer>
{
    private readonly InfillComputation _computation;

    /// <summary>Creates an estimator.</summary>
    /// <param name="model">The model that fills; it stays the caller's.</param>
    /// <param name="options">How to fill; null for the defaults.</param>
    /// <exception cref="ArgumentException">
    /// An option is out of range (<see cref="ArgumentOutOfRangeException"/>) or the model is autoregressive.
    /// </exception>
    public InfillEstimator(MaskedDiffusionModel model, InfillOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        _computation = new InfillComputation(model, options ?? new InfillOptions());
    }

    /// <summary>Checks the schema and makes the transformer.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// An input column is missing or of another type than text, or a vector of texts.
    /// </exception>
    public InfillTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        GetOutputSchema(SchemaShapes.Of(input.Schema));
        return new InfillTransformer(_computation, null);
    }

    /// <summary>The input's columns, the filled text, and the further columns that the options name.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// An input column is missing or of another type than text, or a vector of texts.
    /// </exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema) =>
        BatchedTransform<GappedText, FilledText>.GetOutputSchema(inputSchema, _computation.Inputs, _computation.Outputs);
}

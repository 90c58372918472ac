using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Transforms.Likelihood;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Scores texts by a model's likelihood: adds -log p(text), or -log p(text | context), in nats, its standard error, the token count, and
/// nats per character and byte. The model may be a masked diffusion model or an autoregressive one, which is scored exactly. There is
/// nothing to fit. The model stays the caller's: it must outlive the transformers and is not disposed by them.
/// </summary>
/// <remarks>Safe for several threads. See <see cref="LikelihoodScoringTransformer"/> for what exactly is computed.</remarks>
public sealed class LikelihoodScoringEstimator : IEstimator<LikelihoodScoringTransformer>
{
    private readonly LikelihoodComputation _computation;

    /// <summary>Creates an estimator.</summary>
    /// <param name="model">The model that scores; it stays the caller's.</param>
    /// <param name="options">How to score; null for the defaults.</param>
    /// <exception cref="ArgumentException">
    /// An option is out of range (<see cref="ArgumentOutOfRangeException"/>) or does not apply to an autoregressive model.
    /// </exception>
    public LikelihoodScoringEstimator(MaskedDiffusionModel model, LikelihoodScoringOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        _computation = new LikelihoodComputation(model, options ?? new LikelihoodScoringOptions());
    }

    /// <summary>Checks the schema and makes the transformer.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or not text.</exception>
    public LikelihoodScoringTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        GetOutputSchema(SchemaShapes.Of(input.Schema));
        return new LikelihoodScoringTransformer(_computation, null);
    }

    /// <summary>The input's columns and the added ones.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or not text.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema) =>
        BatchedTransform<ScoredText, LikelihoodResult>.GetOutputSchema(inputSchema, _computation.Inputs, _computation.Outputs);
}

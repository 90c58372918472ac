using Microsoft.ML.MaskedDiffusion.Transforms.Likelihood;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Scores texts by a model's likelihood: adds -log p(text), or -log p(text | context), in nats, its standard error, the token count, and
/// nats per character and byte. The model may be a masked diffusion model or an autoregressive one, which is scored exactly. There is
/// nothing to fit. The model stays the caller's: it must outlive the transformers and is not disposed by them.
/// </summary>
/// <remarks>Safe for several threads. See <see cref="LikelihoodScoringTransformer"/> for what exactly is computed.</remarks>
public sealed class LikelihoodScoringEstimator : ModelEstimator<LikelihoodScoringTransformer>
{
    /// <summary>Creates an estimator.</summary>
    /// <param name="model">The model that scores; it stays the caller's.</param>
    /// <param name="options">How to score; null for the defaults.</param>
    /// <exception cref="ArgumentException">
    /// An option is out of range (<see cref="ArgumentOutOfRangeException"/>) or does not apply to an autoregressive model.
    /// </exception>
    public LikelihoodScoringEstimator(MaskedDiffusionModel model, LikelihoodScoringOptions? options = null)
        : this(new LikelihoodComputation(model ?? throw new ArgumentNullException(nameof(model)), options
        ?? new LikelihoodScoringOptions()))
    {
    }

    private LikelihoodScoringEstimator(LikelihoodComputation computation)
        : base(computation, () => new LikelihoodScoringTransformer(computation, null))
    {
    }
}

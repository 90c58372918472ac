using Microsoft.ML.MaskedDiffusion.Transforms.Infilling;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Fills the gaps of texts. There is nothing to fit. The model stays the caller's: it must outlive the transformers and is not disposed by
/// them.
/// </summary>
/// <remarks>Safe for several threads. See <see cref="InfillTransformer"/> for what exactly is computed.</remarks>
public sealed class InfillEstimator : ModelEstimator<InfillTransformer>
{
    /// <summary>Creates an estimator.</summary>
    /// <param name="model">The model that fills; it stays the caller's.</param>
    /// <param name="options">How to fill; null for the defaults.</param>
    /// <exception cref="ArgumentException">
    /// An option is out of range (<see cref="ArgumentOutOfRangeException"/>) or the model is autoregressive.
    /// </exception>
    public InfillEstimator(MaskedDiffusionModel model, InfillOptions? options = null)
        : this(new InfillComputation(model ?? throw new ArgumentNullException(nameof(model)), options ?? new InfillOptions()))
    {
    }

    private InfillEstimator(InfillComputation computation) : base(computation, () => new InfillTransformer(computation, null))
    {
    }
}

using Microsoft.ML.MaskedDiffusion.Transforms.Generation;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Writes texts after prompts. There is nothing to fit. The model stays the caller's: it must outlive the transformers and is not disposed
/// by them.
/// </summary>
/// <remarks>Safe for several threads. See <see cref="TextGenerationTransformer"/> for what exactly is computed.</remarks>
public sealed class TextGenerationEstimator : ModelEstimator<TextGenerationTransformer>
{
    /// <summary>Creates an estimator.</summary>
    /// <param name="model">The model that writes; it stays the caller's.</param>
    /// <param name="options">How to write; null for the defaults.</param>
    /// <exception cref="ArgumentException">
    /// An option is out of range (<see cref="ArgumentOutOfRangeException"/>), or a name is empty or used twice.
    /// </exception>
    public TextGenerationEstimator(MaskedDiffusionModel model, TextGenerationOptions? options = null)
        : this(new TextGenerationComputation(model ?? throw new ArgumentNullException(nameof(model)), options
        ?? new TextGenerationOptions()))
    {
    }

    private TextGenerationEstimator(TextGenerationComputation computation)
        : base(computation, () => new TextGenerationTransformer(computation, null))
    {
    }
}

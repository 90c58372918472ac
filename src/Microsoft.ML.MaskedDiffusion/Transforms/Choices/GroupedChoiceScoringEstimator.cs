using Microsoft.ML.MaskedDiffusion.Transforms.Choices;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Zero-shot multiple choice with one option in each row: rows of one value in the group column are the options of one question. Adds to
/// each row the option's scores, its probability among the question's options, and whether it is the best one. Nothing is learned. The
/// model stays the caller's: it must outlive the transformers and is not disposed by them.
/// </summary>
/// <remarks>Safe for several threads. See <see cref="GroupedChoiceScoringTransformer"/> for what is asked of the rows.</remarks>
public sealed class GroupedChoiceScoringEstimator : ModelEstimator<GroupedChoiceScoringTransformer>
{
    /// <summary>Creates an estimator.</summary>
    /// <param name="model">The model that scores; it stays the caller's.</param>
    /// <param name="options">How to score; null for the defaults.</param>
    /// <exception cref="ArgumentException">
    /// An option is out of range (<see cref="ArgumentOutOfRangeException"/>) or does not apply to an autoregressive model.
    /// </exception>
    public GroupedChoiceScoringEstimator(MaskedDiffusionModel model, GroupedChoiceScoringOptions? options = null)
        : this(new GroupedChoiceComputation(model ?? throw new ArgumentNullException(nameof(model)), options
        ?? new GroupedChoiceScoringOptions()))
    {
    }

    private GroupedChoiceScoringEstimator(GroupedChoiceComputation computation)
        : base(computation, () => new GroupedChoiceScoringTransformer(computation, null))
    {
    }
}

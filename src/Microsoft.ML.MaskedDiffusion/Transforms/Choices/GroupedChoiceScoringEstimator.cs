using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Transforms.Choices;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Zero-shot multiple choice with one option in each row: rows of one value in the group column are the options of one question. Adds to
/// each row the option's scores, its probability among the question's options, and whether it is the best one. Nothing is learned. The
/// model stays the caller's: it must outlive the transformers and is not disposed by them.
/// </summary>
/// <remarks>Safe for several threads. See <see cref="GroupedChoiceScoringTransformer"/> for what is asked of the rows.</remarks>
public sealed class GroupedChoiceScoringEstimator : IEstimator<GroupedChoiceScoringTransformer>
{
    private readonly GroupedChoiceComputation _computation;

    /// <summary>Creates an estimator.</summary>
    /// <param name="model">The model that scores; it stays the caller's.</param>
    /// <param name="options">How to score; null for the defaults.</param>
    /// <exception cref="ArgumentException">
    /// An option is out of range (<see cref="ArgumentOutOfRangeException"/>) or does not apply to an autoregressive model.
    /// </exception>
    public GroupedChoiceScoringEstimator(MaskedDiffusionModel model, GroupedChoiceScoringOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        _computation = new GroupedChoiceComputation(model, options ?? new GroupedChoiceScoringOptions());
    }

    /// <summary>Checks the schema and makes the transformer.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or mistyped.</exception>
    public GroupedChoiceScoringTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        GetOutputSchema(SchemaShapes.Of(input.Schema));
        return new GroupedChoiceScoringTransformer(_computation, null);
    }

    /// <summary>The input's columns and the added ones.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or mistyped.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema) =>
        BatchedTransform<GroupedChoiceRow, GroupedChoiceResult>.GetOutputSchema(inputSchema, _computation.Inputs, _computation.Outputs);
}

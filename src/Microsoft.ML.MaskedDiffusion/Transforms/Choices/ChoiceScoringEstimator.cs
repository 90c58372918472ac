using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Options;
using Microsoft.ML.MaskedDiffusion.Transforms.Choices;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Zero-shot multiple choice: scores each option of a row by log p(option | context), and adds scores, their standard errors, probabilities
/// and the best option as a key. Nothing is learned; only the number of options is read from the data where it is not given. The model
/// stays the caller's: it must outlive the transformers and is not disposed by them.
/// </summary>
/// <remarks>Safe for several threads. See <see cref="ChoiceScoringTransformer"/> for what exactly is computed.</remarks>
public sealed class ChoiceScoringEstimator : IEstimator<ChoiceScoringTransformer>
{
    private readonly MaskedDiffusionModel _model;
    private readonly ChoiceScoringOptions _options;
    private readonly InputColumn[] _inputs;

    /// <summary>Creates an estimator.</summary>
    /// <param name="model">The model that scores; it stays the caller's.</param>
    /// <param name="options">How to score; null for the defaults.</param>
    /// <exception cref="ArgumentException">
    /// An option is out of range (<see cref="ArgumentOutOfRangeException"/>) or does not apply to an autoregressive model.
    /// </exception>
    public ChoiceScoringEstimator(MaskedDiffusionModel model, ChoiceScoringOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _options = (options ?? new ChoiceScoringOptions()).Clone();
        _ = RequestScorer.For(model.Network, _options.Likelihood);
        _inputs = ChoiceComputation.InputsOf(_options);
    }

    /// <summary>Checks the schema, finds the number of options where it is not given, and makes the transformer.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or mistyped, or the number of options cannot be found.</exception>
    public ChoiceScoringTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        GetOutputSchema(SchemaShapes.Of(input.Schema));
        int count = _options.ChoiceCount ?? CountChoices(input);
        return new ChoiceScoringTransformer(new ChoiceComputation(_model, _options.With(count)), null);
    }

    /// <summary>The input's columns and the added ones.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or mistyped.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema) => BatchedTransform<ChoiceRow, ChoiceResult>.GetOutputSchema(
        inputSchema, _inputs, ChoiceColumns.Vectors.Columns(_options.With(_options.ChoiceCount ?? 2)));

    private int CountChoices(IDataView input)
    {
        DataViewSchema.Column column = _inputs[1].Find(input.Schema, nameof(input));
        int most = ((VectorDataViewType)column.Type).Size;
        if (most == 0)
        {
            using DataViewRowCursor cursor = input.GetRowCursor([column]);
            ValueGetter<VBuffer<ReadOnlyMemory<char>>> getter = cursor.GetGetter<VBuffer<ReadOnlyMemory<char>>>(column);
            VBuffer<ReadOnlyMemory<char>> value = default;
            while (cursor.MoveNext())
            {
                _options.CancellationToken.ThrowIfCancellationRequested();
                getter(ref value);
                most = Math.Max(most, value.Length);
            }
        }
        const int Maximum = ChoiceScoringOptionsBase.MaximumChoices;
        OptionCheck.Require(most is >= 2 and <= Maximum, nameof(ChoiceScoringOptions.ChoiceCount), most,
            $"2 to {Maximum}. This is what column '{column.Name}' has; "
            + $"set {nameof(ChoiceScoringOptions.ChoiceCount)} to the most options a row may have");
        return most;
    }
}

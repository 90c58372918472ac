using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Saving;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using Microsoft.ML.MaskedDiffusion.Transforms.Choices;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Scores the options of each row by log p(option | context) under a model of either kind. Context and option are joined by
/// <see cref="ChoiceScoringOptions.Separator"/> and cut into tokens as lm-evaluation-harness does. An empty option, or one past the end of a shorter row, is not
/// there: its probability is 0 and its score the lowest finite Single. Options of the same text have the same score; ties go to the first option.
/// </summary>
/// <remarks>
/// <para><c>ml.MulticlassClassification.Evaluate(data, scoreColumnName: "Probability")</c> works on the result, rows with fewer options among them.
/// Its label is a key, or the 0-based number of the right option as Single.</para>
/// <para>Rows are scored lazily and in batches; a row's values depend on the row and the options only, not on its batch, order or thread.
/// Any number of threads, views and prediction engines may use one transformer at once.</para>
/// <para>The model is not disposed with the transformer, except where the transformer was unwrapped from a saved file.</para>
/// </remarks>
public sealed class ChoiceScoringTransformer : ITransformer, IDisposable
{
    private readonly BatchedTransform<ChoiceRow, ChoiceResult> _batched;
    private readonly ChoiceComputation _computation;
    private readonly IDisposable? _owned;

    internal ChoiceScoringTransformer(ChoiceComputation computation, IDisposable? owned)
    {
        _computation = computation;
        _batched = new BatchedTransform<ChoiceRow, ChoiceResult>(computation);
        _owned = owned;
    }

    /// <summary>The model that scores.</summary>
    public MaskedDiffusionModel Model => _computation.Model;

    /// <summary>The size of the score vectors: the most options a row may have.</summary>
    public int ChoiceCount => _computation.ChoiceCount;

    bool ITransformer.IsRowToRowMapper => true;

    /// <summary>The input's columns and the seven added ones.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or mistyped.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => _batched.GetOutputSchema(inputSchema);

    /// <summary>A lazy view: a row is scored when one of its added columns is read. Reading throws <see cref="ArgumentException"/> for a row that does not fit the model.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or mistyped.</exception>
    public IDataView Transform(IDataView input) => _batched.Transform(input);

    /// <summary>Gives back the model of an unwrapped transformer; does nothing otherwise.</summary>
    public void Dispose() => _owned?.Dispose();

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => _batched.GetRowToRowMapper(inputSchema);

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ChoiceScoringEstimator.Options options = _computation.Options;
        var plan = new CarrierPlan
        {
            Kind = ChoiceMapping.Kind,
            Settings = JsonSerializer.SerializeToElement(options, SavedOptions.Json),
            WriteBody = Model.Save,
            EstimatedLength = SavedModels.EstimatedLength(Model),
            Inputs = [(_computation.Inputs[0], ChoiceInput.ContextName), (_computation.Inputs[1], ChoiceInput.ChoicesName)],
            Outputs =
            [
                new CarrierOutput.Vector(ChoiceOutput.ScoreName, options.ScoreColumnName, ChoiceCount),
                new CarrierOutput.Vector(ChoiceOutput.ErrorName, options.StandardErrorColumnName, ChoiceCount),
                new CarrierOutput.Vector(ChoiceOutput.LikelihoodName, options.LogLikelihoodColumnName, ChoiceCount),
                new CarrierOutput.Vector(ChoiceOutput.PerCharacterName, options.PerCharacterColumnName, ChoiceCount),
                new CarrierOutput.Vector(ChoiceOutput.PerByteName, options.PerByteColumnName, ChoiceCount),
                new CarrierOutput.Vector(ChoiceOutput.ProbabilityName, options.ProbabilityColumnName, ChoiceCount),
                new CarrierOutput.Key(ChoiceOutput.LabelName, options.PredictedLabelColumnName, ChoiceCount),
            ],
            Score = ChoiceMapping.Estimator,
        };
        ((ICanSaveModel)CarrierWriter.Build(plan)).Save(ctx);
    }
}

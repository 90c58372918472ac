using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Saving;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using Microsoft.ML.MaskedDiffusion.Transforms.Choices;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Scores options that stand in rows by log p(option | context). The rows of a group must stand next to each other and have one context; a group that comes
/// again later, or rows of other contexts in it, end the pass with <see cref="InvalidDataException"/>. The figures are the bits that
/// <see cref="ChoiceScoringTransformer"/> gives for the same options in a vector.
/// </summary>
/// <remarks>
/// <para>The rows of a group need each other, so this transformer maps no single rows: no prediction engine takes it, and its views are read in the data's own
/// order. Saved, it is loaded by <c>ml.MaskedDiffusion().LoadModel</c>, or by <c>ml.Model.Load</c> and <c>Unwrap</c>; what <c>ml.Model.Load</c> alone gives says so when
/// its columns are read.</para>
/// <para>Rows are scored lazily and in batches; a group's values depend on its rows and the options only. Memory grows by some tens of bytes a group of a pass, by
/// which groups are recognised. Any number of threads and views may use one transformer at once.</para>
/// <para>The model is not disposed with the transformer, except where the transformer was unwrapped from a saved file.</para>
/// </remarks>
public sealed class GroupedChoiceScoringTransformer : ITransformer, IDisposable
{
    private readonly BatchedTransform<GroupedChoiceRow, GroupedChoiceResult> _batched;
    private readonly GroupedChoiceComputation _computation;
    private readonly IDisposable? _owned;

    internal GroupedChoiceScoringTransformer(GroupedChoiceComputation computation, IDisposable? owned)
    {
        _computation = computation;
        _batched = new BatchedTransform<GroupedChoiceRow, GroupedChoiceResult>(computation);
        _owned = owned;
    }

    /// <summary>The model that scores.</summary>
    public MaskedDiffusionModel Model => _computation.Model;

    bool ITransformer.IsRowToRowMapper => false;

    /// <summary>The input's columns and the seven added ones.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or mistyped.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => _batched.GetOutputSchema(inputSchema);

    /// <summary>
    /// A lazy view: a group is scored when one of the added columns of its rows is read. Reading throws <see cref="ArgumentException"/> for a question that does not
    /// fit the model.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or mistyped.</exception>
    public IDataView Transform(IDataView input) => _batched.Transform(input);

    /// <summary>Gives back the model of an unwrapped transformer; does nothing otherwise.</summary>
    public void Dispose() => _owned?.Dispose();

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => _batched.GetRowToRowMapper(inputSchema);

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        GroupedChoiceScoringEstimator.Options options = _computation.Options;
        var plan = new CarrierPlan
        {
            Kind = GroupedChoiceMapping.Kind,
            Settings = JsonSerializer.SerializeToElement(options, SavedOptions.Json),
            WriteBody = Model.Save,
            EstimatedLength = SavedModels.EstimatedLength(Model),
            Inputs = [(_computation.Inputs[0], GroupedChoiceInput.ContextName), (_computation.Inputs[1], GroupedChoiceInput.ChoiceName)],
            Outputs =
            [
                .. GroupedChoiceOutput.Names.Zip(_computation.Outputs, (carrierName, output) => new CarrierOutput.Plain(carrierName, output.Name)),
            ],
            Score = GroupedChoiceMapping.Estimator,
        };
        ((ICanSaveModel)CarrierWriter.Build(plan)).Save(ctx);
    }
}

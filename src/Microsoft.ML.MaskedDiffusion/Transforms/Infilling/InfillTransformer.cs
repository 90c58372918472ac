using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Saving;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using Microsoft.ML.MaskedDiffusion.Transforms.Infilling;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Fills the gaps of each text with a masked diffusion model: [MASK] by one token, [MASK*5] by five. Text outside gaps is kept as it is, except that
/// one space right before a gap belongs to the gap, as a word's token brings its own. A text without gaps comes back unchanged, and an empty one empty.
/// </summary>
/// <remarks>
/// <para>Rows are filled lazily and in batches; a row's result depends on the row and the options only, not on its batch, order or thread.
/// Any number of threads, views and prediction engines may use one transformer at once.</para>
/// <para>The model is not disposed with the transformer, except where the transformer was unwrapped from a saved file.</para>
/// </remarks>
public sealed class InfillTransformer : ITransformer, IDisposable
{
    private readonly BatchedTransform<string, string> _batched;
    private readonly InfillComputation _computation;
    private readonly IDisposable? _owned;

    internal InfillTransformer(InfillComputation computation, IDisposable? owned)
    {
        _computation = computation;
        _batched = new BatchedTransform<string, string>(computation);
        _owned = owned;
    }

    /// <summary>The model that fills.</summary>
    public MaskedDiffusionModel Model => _computation.Model;

    bool ITransformer.IsRowToRowMapper => true;

    /// <summary>The input's columns and the filled text.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The input column is missing or not text.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => _batched.GetOutputSchema(inputSchema);

    /// <summary>
    /// A lazy view: a text is filled when its result is read. Reading throws <see cref="ArgumentException"/> for a text longer than the model's context
    /// and <see cref="FormatException"/> for a gap of no size.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The input column is missing or not text.</exception>
    public IDataView Transform(IDataView input) => _batched.Transform(input);

    /// <summary>Gives back the model of an unwrapped transformer; does nothing otherwise.</summary>
    public void Dispose() => _owned?.Dispose();

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => _batched.GetRowToRowMapper(inputSchema);

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        var plan = new CarrierPlan
        {
            Kind = InfillMapping.Kind,
            Settings = JsonSerializer.SerializeToElement(_computation.Options, SavedOptions.Json),
            WriteBody = Model.Save,
            EstimatedLength = SavedModels.EstimatedLength(Model),
            Inputs = [(_computation.Inputs[0], InfillInput.TextName)],
            Outputs = [new CarrierOutput.Plain(InfillOutput.FilledName, _computation.Options.OutputColumnName)],
            Score = InfillMapping.Estimator,
        };
        ((ICanSaveModel)CarrierWriter.Build(plan)).Save(ctx);
    }
}

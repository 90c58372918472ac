using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Saving;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using Microsoft.ML.MaskedDiffusion.Transforms.Likelihood;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// A masked diffusion language model as a transformer. It adds to each row -log p(text) in nats (the variational upper bound, or what the chosen
/// estimator gives), the standard error of that figure, the number of tokens scored, and where wanted nats per character and per byte. The text is scored
/// as a document, after the tokenizer's beginning of sequence or, where it has none, its end of sequence; or after a context column. A text longer than the model's context is scored in windows
/// (<see cref="LikelihoodScoringEstimator.Options.Stride"/>), never cut. An empty or missing text has 0 tokens, and its likelihood is 1: 0 nats,
/// error 0, so that a batch goes on. White space is text like any other. Over an autoregressive model (of an <see cref="AutoregressiveTrainer"/>) the figure is exact.
/// </summary>
/// <remarks>
/// <para>Rows are scored lazily and in batches; a row's values depend on the row and the options only, not on its batch, order or thread.</para>
/// <para>Any number of threads, views and prediction engines may use one transformer at once.</para>
/// <para>A trainer's transformer owns its model and disposes it; one that was made from a model leaves it alone, and disposing it does nothing.
/// Beware that <c>PredictionEngine.Dispose</c> disposes its transformer unless <c>PredictionEngineOptions.OwnsTransformer</c> is false.</para>
/// </remarks>
public sealed class MaskedDiffusionTransformer : ITransformer, IDisposable
{
    private readonly BatchedTransform<ScoredText, LikelihoodResult> _batched;
    private readonly LikelihoodComputation _computation;
    private readonly IDisposable? _owned;

    /// <summary>A transformer over a model, which it disposes if told that it owns it.</summary>
    internal MaskedDiffusionTransformer(MaskedDiffusionModel model, LikelihoodScoringEstimator.Options options, bool ownsModel)
        : this(new LikelihoodComputation(model, options), ownsModel ? model : null)
    {
    }

    internal MaskedDiffusionTransformer(LikelihoodComputation computation, IDisposable? owned)
    {
        _computation = computation;
        _batched = new BatchedTransform<ScoredText, LikelihoodResult>(computation);
        _owned = owned;
    }

    /// <summary>The model: to score choices, fill gaps, or save by itself.</summary>
    public MaskedDiffusionModel Model => _computation.Model;

    /// <summary>What the training did; null where this transformer was not made by a trainer.</summary>
    public TrainingResult? TrainingResult { get; internal init; }

    bool ITransformer.IsRowToRowMapper => true;

    /// <summary>The input's columns and the added ones.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or not text.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => _batched.GetOutputSchema(inputSchema);

    /// <summary>A lazy view: a text is scored when one of the added columns of its row is read.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or not text.</exception>
    public IDataView Transform(IDataView input) => _batched.Transform(input);

    /// <summary>Frees the model's memory if this transformer owns it.</summary>
    public void Dispose() => _owned?.Dispose();

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => _batched.GetRowToRowMapper(inputSchema);

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        LikelihoodScoringEstimator.Options options = _computation.Options;
        var plan = new CarrierPlan
        {
            Kind = LikelihoodMapping.Kind,
            Settings = JsonSerializer.SerializeToElement(options, SavedOptions.Json),
            WriteBody = Model.Save,
            EstimatedLength = SavedModels.EstimatedLength(Model),
            // The saved mapping always reads a context; where there is none it is told by the options, and the text stands in.
            Inputs = [(_computation.Inputs[0], LikelihoodInput.TextName), (_computation.Inputs[^1], LikelihoodInput.ContextName)],
            Outputs =
            [
                new CarrierOutput.Plain(LikelihoodOutput.ValueName, options.NegativeLogLikelihoodColumnName),
                new CarrierOutput.Plain(LikelihoodOutput.ErrorName, options.StandardErrorColumnName),
                new CarrierOutput.Plain(LikelihoodOutput.CountName, options.TokenCountColumnName),
                CarrierOutput.Optional(LikelihoodOutput.PerCharacterName, options.PerCharacterColumnName),
                CarrierOutput.Optional(LikelihoodOutput.PerByteName, options.PerByteColumnName),
            ],
            Score = LikelihoodMapping.Estimator,
        };
        ((ICanSaveModel)CarrierWriter.Build(plan)).Save(ctx);
    }
}

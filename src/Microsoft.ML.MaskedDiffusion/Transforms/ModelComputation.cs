using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Saving;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;

namespace Microsoft.ML.MaskedDiffusion.Transforms;

/// <summary>What the options of every transform have.</summary>
internal interface ITransformOptions
{
    /// <summary>Rows read ahead and computed together.</summary>
    int BatchSize { get; }

    /// <summary>Stops the transform between batches and between network calls.</summary>
    CancellationToken CancellationToken { get; }

    /// <summary>Told after each batch of a pass over the data.</summary>
    IProgress<ScoringProgress>? Progress { get; }
}

/// <summary>What a <see cref="ModelTransformer"/> needs of its computation, whatever the computation's rows and results are.</summary>
internal interface IModelComputation
{
    MaskedDiffusionModel Model { get; }

    /// <summary>The transformer's schemas, views and mappers.</summary>
    IBatchedTransform Transform { get; }

    /// <summary>How the transformer is saved.</summary>
    CarrierPlan Plan();
}

/// <summary>What the computations of all transforms share: a model, checked options, and a table of output columns.</summary>
/// <param name="model">The model, which stays the caller's.</param>
/// <param name="options">A checked copy that nobody else changes.</param>
/// <param name="inputs">The columns that are read.</param>
/// <param name="outputs">The columns that are added.</param>
internal abstract class ModelComputation<TOptions, TRow, TResult>(
    MaskedDiffusionModel model, TOptions options, IReadOnlyList<InputColumn> inputs, OutputTable<TOptions, TResult> outputs)
    : RowComputation<TRow, TResult>, IModelComputation
    where TOptions : ITransformOptions
{
    public MaskedDiffusionModel Model => model;

    public TOptions Options => options;

    public IBatchedTransform Transform => new BatchedTransform<TRow, TResult>(this);

    public override int BatchSize => options.BatchSize;

    public override CancellationToken CancellationToken => options.CancellationToken;

    public override IReadOnlyList<InputColumn> Inputs => inputs;

    public override IReadOnlyList<OutputColumn<TResult>> Outputs { get; } = outputs.Columns(options);

    public override void Report(long rowsComputed, long? rowsInAll) =>
        options.Progress?.Report(new ScoringProgress(rowsComputed, rowsInAll));

    public abstract CarrierPlan Plan();

    /// <summary>The plan of a transform whose saved mapping has this kind.</summary>
    /// <param name="kind">The stored name of the transform.</param>
    /// <param name="mapping">The saved mapping.</param>
    /// <param name="savedInputs">The user's columns and the names under which the mapping reads them.</param>
    protected CarrierPlan Plan(
        string kind, Func<MLContext, IEstimator<ITransformer>> mapping,
        params IReadOnlyList<(InputColumn User, string CarrierName)> savedInputs) =>
        new()
        {
            Kind = kind,
            Settings = JsonSerializer.SerializeToElement(options, SavedOptions.Json),
            WriteBody = model.Save,
            EstimatedLength = SavedModels.EstimatedLength(model),
            Inputs = savedInputs,
            Outputs = outputs.SavedColumns(options),
            Score = mapping,
        };
}

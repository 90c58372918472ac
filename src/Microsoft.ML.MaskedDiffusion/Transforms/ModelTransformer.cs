using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using Microsoft.ML.MaskedDiffusion.Transforms;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// What all transformers of this library share: they compute with a model, lazily and in batches, and can be saved and loaded by ML.NET.
/// </summary>
/// <remarks>
/// A row's values depend on the row and the options only, not on its batch, order or thread. Any number of threads, views and, where rows
/// are mapped one by one, prediction engines may use one transformer at once.
/// </remarks>
public abstract class ModelTransformer : ITransformer, IDisposable
{
    private readonly IModelComputation _computation;
    private readonly IBatchedTransform _transform;
    private readonly IDisposable? _owned;

    private protected ModelTransformer(IModelComputation computation, IDisposable? owned)
    {
        _computation = computation;
        _transform = computation.Transform;
        _owned = owned;
    }

    /// <summary>The model that computes. Use it with other transforms, or save it by itself.</summary>
    public MaskedDiffusionModel Model => _computation.Model;

    bool ITransformer.IsRowToRowMapper => _transform.IsRowToRowMapper;

    /// <summary>The input's columns and the added ones.</summary>
    /// <param name="inputSchema">The schema of the data.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another type.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => _transform.GetOutputSchema(inputSchema);

    /// <summary>
    /// A lazy view: a row is computed when one of its added columns is read. Reading throws <see cref="ArgumentException"/> for a row that
    /// does not fit the model; the message names the row.
    /// </summary>
    /// <param name="input">The data.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another type.</exception>
    public IDataView Transform(IDataView input) => _transform.Transform(input);

    /// <summary>
    /// Frees what the transformer owns: the model of one that was trained or unwrapped from a saved file. Otherwise it does nothing. Other
    /// transformers that were loaded from the same file go on.
    /// </summary>
    public void Dispose() => _owned?.Dispose();

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => _transform.GetRowToRowMapper(inputSchema);

    void ICanSaveModel.Save(ModelSaveContext ctx) => ((ICanSaveModel)CarrierWriter.Build(_computation.Plan())).Save(ctx);
}

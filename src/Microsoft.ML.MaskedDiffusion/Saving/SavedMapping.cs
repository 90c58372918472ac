using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.MaskedDiffusion.Saving;

/// <summary>What every saved mapping reads of a row besides the user's columns: the blob that holds the model.</summary>
internal abstract class SavedInput
{
    [ColumnName(CarrierNames.Blob)]
    public VBuffer<ReadOnlyMemory<char>> Blob { get; set; }
}

/// <summary>
/// Computes single rows of a transform that ML.NET itself has loaded: it builds the computation again from the blob at the first row and
/// keeps it. ML.NET creates the derived classes by the name of their contract.
/// </summary>
/// <typeparam name="TInput">The columns that are read, by their stored names.</typeparam>
/// <typeparam name="TOutput">The columns that are added, by their stored names.</typeparam>
/// <typeparam name="TOptions">The transform's options.</typeparam>
/// <typeparam name="TComputation">The transform's computation.</typeparam>
/// <param name="kind">The stored name of the transform.</param>
/// <param name="contract">The stored name of the mapping.</param>
/// <param name="build">Builds the computation from the loaded model and options.</param>
internal abstract class SavedMapping<TInput, TOutput, TOptions, TComputation>(
    string kind, string contract, Func<MaskedDiffusionModel, TOptions, TComputation> build) : CustomMappingFactory<TInput, TOutput>
    where TInput : SavedInput, new()
    where TOutput : class, new()
    where TOptions : class
    where TComputation : class
{
    /// <summary>The mapping as a step of a chain that is saved.</summary>
    public IEstimator<ITransformer> Estimator(MLContext ml) => ml.Transforms.CustomMapping(MappingToSave(), contract);

    /// <summary>Builds the computation of a saved transform.</summary>
    /// <exception cref="InvalidDataException">The contents are of another kind, or damaged.</exception>
    public LoadedComputation<TComputation> Load(CarrierContents contents) =>
        SavedModels.Load(contents, kind, model => build(model, SavedOptions.Read<TOptions>(contents.Header)));

    public override Action<TInput, TOutput> GetMapping()
    {
        var session = new CarrierSession<LoadedComputation<TComputation>>(Load);
        return (input, output) => Map(session.Get(input.Blob).Computation, input, output);
    }

    /// <summary>The mapping in a chain that is only made to be saved.</summary>
    protected virtual Action<TInput, TOutput> MappingToSave() => GetMapping();

    /// <summary>Computes one row.</summary>
    protected abstract void Map(TComputation computation, TInput input, TOutput output);
}

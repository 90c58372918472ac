using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Options;
using Microsoft.ML.MaskedDiffusion.Saving;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;

namespace Microsoft.ML.MaskedDiffusion;

/// <content>Models in files.</content>
public sealed partial class MaskedDiffusionCatalog
{
    /// <summary>
    /// Saves a transformer as <c>ml.Model.Save</c> does, of any size: models above <paramref name="selfContainedLimit"/> bytes go to a
    /// <c>.mdm</c> file beside the zip, named after it and its own SHA-256, which is checked on loading. Keep the two together. What stood
    /// at the path stays whole until the new zip is.
    /// </summary>
    /// <param name="transformer">A transformer or chain.</param>
    /// <param name="inputSchema">The schema of its input; may be null.</param>
    /// <param name="path">The zip to write.</param>
    /// <param name="selfContainedLimit">
    /// Bytes of a model that still go into the zip, 0 to 1 GiB. Default 64 MiB: larger ones load slowly from inside a zip.
    /// </param>
    /// <exception cref="IOException">
    /// The disk is full or read-only, or something that is no pipeline is at the path; nothing has changed then. (<c>ml.Model.Save</c>
    /// empties an old file before it writes.)
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">The limit is out of its range.</exception>
    public void SaveModel(
        ITransformer transformer, DataViewSchema? inputSchema, string path, long selfContainedLimit = CarrierWriter.SizeLimit) =>
        PipelineFile.Save(MLContext, transformer, inputSchema, path, selfContainedLimit);

    /// <summary>
    /// Throws where saving to a path would be refused because of what is there already: so a long training need not end in that. Nothing
    /// is written. What is saved here replaces models of this library alone.
    /// </summary>
    /// <param name="path">A <c>.zip</c> for <see cref="SaveModel"/>, or what <see cref="MaskedDiffusionModel.Save(string)"/> takes.</param>
    /// <exception cref="IOException">Something is there that is not replaced; the message names it.</exception>
    public void RequireReplaceable(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase))
            PipelineFile.RequireReplaceable(path);
        else if (path.EndsWith(MaskedDiffusionModel.ArchiveExtension, StringComparison.OrdinalIgnoreCase))
            ModelWriter.RequireReplaceableArchive(path);
        else
            ModelWriter.RequireReplaceableFolder(Path.GetFullPath(path));
    }

    /// <summary>
    /// Loads what <c>ml.Model.Save</c> or <see cref="SaveModel"/> wrote, with this library's transformers as they were saved: batched,
    /// disposable, and with their <see cref="MaskedDiffusionModel"/> at hand. <c>ml.Model.Load</c> works too, and scores row by row. What
    /// is loaded twice from the same bytes shares its weights in memory; each transformer has a model of its own all the same, which it
    /// disposes, and the weights go with the last.
    /// </summary>
    /// <param name="path">The zip.</param>
    /// <param name="inputSchema">The schema that was saved with it.</param>
    /// <returns>The transformer, or a chain in which ours are unwrapped.</returns>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    /// <exception cref="FileNotFoundException">The zip, or the weights beside it, are not there.</exception>
    public ITransformer LoadModel(string path, out DataViewSchema inputSchema) => PipelineFile.Load(MLContext, path, out inputSchema);

    /// <summary>
    /// Opens the model of anything that this library saves: a model folder, a <c>.mdm</c> file, or the zip of a pipeline, whose first model
    /// is taken.
    /// </summary>
    /// <param name="path">The folder or file.</param>
    /// <param name="device">
    /// Where the weights go: "cpu", "cuda", "cuda:1", or "auto", the first GPU, else the processor. Where
    /// <see cref="MLContext.GpuDeviceId"/> is set, "auto" is that GPU; if there is no such GPU, it is the processor or, with
    /// <see cref="MLContext.FallbackToCpu"/> false (ML.NET's default), an error.
    /// </param>
    /// <param name="weightType">
    /// The numbers in which the matrices are held in memory, by default those of the files. Of a pipeline with several models the first one
    /// is loaded.
    /// </param>
    /// <returns>The model; the caller disposes it.</returns>
    /// <exception cref="FileNotFoundException">
    /// There is nothing at <paramref name="path"/>, or the weights beside a zip are not there.
    /// </exception>
    /// <exception cref="InvalidDataException">The file is damaged, or is a pipeline without a model of this library.</exception>
    /// <exception cref="ArgumentException">The machine has no such device.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="weightType"/> is none of the names.</exception>
    /// <exception cref="InsufficientMemoryException">The machine's memory does not hold the weights.</exception>
    /// <exception cref="InvalidOperationException">
    /// "auto" does not find the GPU that the context asks for, and the context does not allow the processor.
    /// </exception>
    public MaskedDiffusionModel OpenModel(string path, string device = "auto", WeightType weightType = WeightType.Automatic)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentException.ThrowIfNullOrEmpty(device);
        OptionCheck.RequireDefined(weightType, nameof(weightType));
        // Only a context that asks for a GPU is asked: else libtorch would be loaded before it is known that there is something to open.
        if (MLContext.GpuDeviceId is { } wished)
            device = DeviceChoice.Prefer(device, wished, MLContext.FallbackToCpu);
        return SavedForm.IsPipeline(path)
            ? PipelineFile.LoadFirstModel(MLContext, path, device, weightType) : MaskedDiffusionModel.Load(path, device, weightType);
    }

    /// <summary>
    /// Finds this library's transformers in what <c>ml.Model.Load</c> gave and puts the batched ones in their place: a
    /// <see cref="LikelihoodScoringTransformer"/>, <see cref="ChoiceScoringTransformer"/>, <see cref="InfillTransformer"/> or
    /// <see cref="TextGenerationTransformer"/>, or a chain with them.
    /// </summary>
    /// <param name="loaded">A loaded transformer.</param>
    /// <returns>The same object where it holds none of ours.</returns>
    /// <exception cref="InvalidDataException">The saved model is damaged.</exception>
    public ITransformer Unwrap(ITransformer loaded)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        return SavedModels.Unwrap(loaded, CarrierLocation.Current);
    }
}

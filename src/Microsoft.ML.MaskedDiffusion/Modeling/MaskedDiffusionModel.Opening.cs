using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Families;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;

namespace Microsoft.ML.MaskedDiffusion;

/// <content>How the forms of a model are told apart and opened.</content>
public sealed partial class MaskedDiffusionModel
{
    // Takes something out of whatever form of a model is at a path.
    private static T Open<T>(string path, Func<HubFolder, T> takePublished, Func<IModelStore, T> takeSaved)
    {
        // A process that was killed while it replaced the folder may have left the earlier one under a temporary name.
        if (!Directory.Exists(path) && !File.Exists(path))
            WriteClaim.CleanUp(Path.GetDirectoryName(Path.GetFullPath(path))!);
        if (Directory.Exists(path))
        {
            if (HubFolder.IsOne(path))
                return takePublished(HubFolder.Open(path));
            using var folder = new FolderStore(path);
            return takeSaved(folder);
        }
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no saved model at {path}.", path);
        if (SavedForm.IsPipeline(path))
        {
            throw new InvalidDataException($"{path} is a pipeline that ML.NET saved, not a model alone. Load it with "
                + "ml.MaskedDiffusion().LoadModel(path, out schema), whose transformers have their Model, or take the model out of it with "
                + "ml.MaskedDiffusion().OpenModel(path).");
        }
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        return OpenArchive(stream, path, takeSaved);
    }

    private static T OpenArchive<T>(Stream stream, string source, Func<IModelStore, T> take)
    {
        try
        {
            using var archive = new ArchiveStore(stream, source);
            return take(archive);
        }
        catch (InvalidDataException error) when (!error.Message.Contains(source, StringComparison.Ordinal))
        {
            throw new InvalidDataException(
                $"{source} is no complete model archive: {error.Message} Save it again, or fetch an intact copy.", error);
        }
    }

    private static MaskedDiffusionModel Load(IModelStore store, string device, WeightType weightType)
    {
        (TransformerNetwork network, TextTokenizer tokenizer) = ModelReader.Read(store, DeviceChoice.Resolve(device), weightType);
        return Own(network, tokenizer);
    }
}

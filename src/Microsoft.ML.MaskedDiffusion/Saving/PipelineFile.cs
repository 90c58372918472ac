using System.IO.Compression;
using System.Reflection;
using System.Runtime.Loader;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Saving.Carriers;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Saving;

/// <summary>The zip of a pipeline, with the weights of large models beside it: what the catalog saves and loads.</summary>
internal static class PipelineFile
{
    private const int MostShown = 2000;

    // What a message has in it that says what to do already.
    private static readonly string[] Remedies = ["intact copy", "the version that saved it"];

    /// <summary>Saves a transformer; see the catalog's SaveModel for what it promises.</summary>
    public static void Save(MLContext ml, ITransformer transformer, DataViewSchema? inputSchema, string path, long selfContainedLimit)
    {
        ArgumentNullException.ThrowIfNull(transformer);
        if (selfContainedLimit is < 0 or > CarrierWriter.LargestLimit)
        {
            throw new ArgumentOutOfRangeException(nameof(selfContainedLimit), selfContainedLimit,
                $"selfContainedLimit is {selfContainedLimit}; it must be 0 to {CarrierWriter.LargestLimit} bytes (1 GiB). "
                + "Larger models are saved beside the zip.");
        }
        RequireReplaceable(path);
        using var location = new CarrierLocation(path, selfContainedLimit);
        try
        {
            SaveError.Explain(path, () => AtomicFile.Write(path, stream =>
            {
                ml.Model.Save(transformer, inputSchema!, stream);
                CheckWritten(stream);
            }));
        }
        catch
        {
            foreach (string file in location.Written.Where(File.Exists))
                File.Delete(file);
            throw;
        }
    }

    /// <summary>Refuses to replace what is not the zip of a pipeline.</summary>
    /// <exception cref="IOException">Something else is there; it is unchanged.</exception>
    public static void RequireReplaceable(string path) =>
        ZipContent.RequireReplaceable(path, archive => archive.Entries.Any(entry => SavedForm.IsOfPipeline(entry.FullName)));

    /// <summary>Loads a transformer, or a chain, in which ours are unwrapped.</summary>
    public static ITransformer Load(MLContext ml, string path, out DataViewSchema inputSchema)
    {
        using var location = new CarrierLocation(path);
        return Read(ml, path, transformer => SavedModels.Unwrap(transformer, location), out inputSchema);
    }

    /// <summary>The first model in a pipeline, on a device and with weights of some type, which the caller disposes.</summary>
    public static MaskedDiffusionModel LoadFirstModel(MLContext ml, string path, string device, WeightType weightType)
    {
        // A device that is not there is no damage of the file.
        if (File.Exists(path))
            DeviceChoice.RequireAvailable(device);
        using var location = new CarrierLocation(path);
        return Read(ml, path, Model, out _) ?? throw new InvalidDataException($"{path} is a pipeline without a model of this library.");

        MaskedDiffusionModel? Model(ITransformer transformer)
        {
            if (Carriers(transformer).FirstOrDefault() is not { } carrier)
                return null;
            using CarrierContents contents = CarrierReader.Read(carrier, location);
            return MaskedDiffusionModel.Load(contents.Body, device, weightType);
        }
    }

    // Loads with ML.NET, makes something of it, and says of what fails that the file is damaged.
    private static T Read<T>(MLContext ml, string path, Func<ITransformer, T> make, out DataViewSchema inputSchema)
    {
        if (SavedForm.IsModel(path))
        {
            throw new InvalidDataException($"{path} is a model alone, not a pipeline that ML.NET saved. Load it with "
                + "MaskedDiffusionModel.Load(path) or ml.MaskedDiffusion().OpenModel(path), and make a transformer of it, such as "
                + "ml.MaskedDiffusion().ScoreLikelihood(model).");
        }
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no saved model at {path}.", path);
        // ML.NET leaves a folder in the temporary folder for ever where it cannot open the archive.
        if (ZipContent.Names(path) is null)
        {
            throw new InvalidDataException(
                $"The model saved in {path} cannot be read: it is no zip archive, or its end is missing. Save it again, or fetch an intact "
                + "copy.");
        }
        try
        {
            using AssemblyLoadContext.ContextualReflectionScope here = EnterOwnContext();
            return make(ml.Model.Load(path, out inputSchema));
        }
        catch (Exception error) when (Damage(error) is { } reason)
        {
            // ML.NET quotes names from the file in full, which in a damaged one may be all that follows.
            string text = TextExcerpt.Of(reason.Message, MostShown);
            bool hasRemedy = Remedies.Any(known => text.Contains(known, StringComparison.Ordinal));
            // ML.NET ends some of its messages without a full stop.
            string remedy = hasRemedy ? "" : $"{(text.EndsWith('.') ? "" : ".")} Save it again, or fetch an intact copy.";
            throw new InvalidDataException($"The model saved in {path} cannot be read: {text}{remedy}", error);
        }
    }

    // ML.NET loads the assembly of a mapping by its name, in its own load context. A plug-in may have this library in another one, which is
    // named here; a context that the caller has named stays.
    private static AssemblyLoadContext.ContextualReflectionScope EnterOwnContext() =>
        AssemblyLoadContext.CurrentContextualReflectionContext is null
            ? AssemblyLoadContext.EnterContextualReflection(typeof(PipelineFile).Assembly) : default;

    private static IEnumerable<ITransformer> Carriers(ITransformer transformer) => CarrierReader.IsCarrier(transformer) ? [transformer]
        : transformer is Data.TransformerChain<ITransformer> chain ? chain.SelectMany(Carriers) : [];

    // ML.NET does not report a failure to write the zip's last bytes, which are its directory.
    private static void CheckWritten(Stream stream)
    {
        stream.Position = 0;
        try
        {
            using var archive = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
            _ = archive.Entries.Count;
        }
        catch (InvalidDataException error)
        {
            throw new IOException("The end of the zip was not written.", error);
        }
    }

    // What a damaged file makes ML.NET or this library throw, without the exceptions that ML.NET wraps around it (it loads assemblies and
    // builds the parts of a model by name); null for other failures.
    private static Exception? Damage(Exception error) => error switch
    {
        // These say themselves what is missing on this machine.
        TorchUnavailableException or InsufficientMemoryException => null,
        // Of an assembly, whose name stands in the zip. Weights beside the zip are looked for by this library, whose message says all.
        FileNotFoundException { FileName: { } name } when !name.EndsWith(MaskedDiffusionModel.ArchiveExtension, StringComparison.Ordinal) =>
            error,
        TargetInvocationException or InvalidOperationException when error.InnerException is { } inner =>
            inner is IOException ? inner : Damage(inner),
        InvalidDataException or EndOfStreamException or FileLoadException or BadImageFormatException or FormatException
            or ArgumentException or OverflowException or IndexOutOfRangeException or InvalidOperationException or NotSupportedException
            or NullReferenceException or KeyNotFoundException or InvalidCastException or TypeLoadException or OutOfMemoryException => error,
        _ => null,
    };
}

using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Saving.Carriers;

/// <summary>
/// Turns a transformer into a chain of ML.NET's own transformers, which ML.NET can save and load: a step that adds a constant key, a value
/// map that holds the model as text under this key, a custom mapping that scores (its factory is in this library), and steps that rename
/// columns.
/// </summary>
internal static class CarrierWriter
{
    /// <summary>
    /// 64 MiB. Larger bodies are written beside the zip, because ML.NET holds the text of a value map several times in memory while it
    /// loads.
    /// </summary>
    public const long SizeLimit = 64L << 20;

    /// <summary>The largest limit that may be asked for: a body is one array while it is saved, and its text several more.</summary>
    public const long LargestLimit = 1L << 30;

    /// <summary>Builds the chain; a body above the limit is written beside the zip.</summary>
    /// <exception cref="InvalidOperationException">The body is above the limit, but the zip's location is not known.</exception>
    /// <exception cref="IOException">The disk refuses.</exception>
    public static TransformerChain<ITransformer> Build(CarrierPlan plan)
    {
        string[] chunks = Pack(plan, CarrierLocation.Current);
        var ml = new MLContext();
        IEnumerable<KeyValuePair<int, string[]>> map = [KeyValuePair.Create(CarrierNames.BlobKey, chunks)];
        List<IEstimator<ITransformer>> steps =
        [
            ml.Transforms.CustomMapping<CarrierNoInput, CarrierKeyRow>(CarrierKeyFactory.Map, CarrierNames.KeyContract),
            ml.Transforms.Conversion.MapValue<int, string>(CarrierNames.Blob, map, CarrierNames.Key),
            .. plan.Inputs.Select(input => ml.Transforms.CopyColumns(input.CarrierName, input.User.Name)),
            plan.Score(ml),
            .. plan.Outputs.SelectMany(output => output.Steps(ml)),
        ];
        string[] leftovers =
        [
            CarrierNames.Key, CarrierNames.Blob, .. plan.Inputs.Select(input => input.CarrierName),
            .. plan.Outputs.SelectMany(output => output.Leftovers),
        ];
        steps.Add(ml.Transforms.DropColumns([.. leftovers.Distinct()]));
        var chain = new EstimatorChain<ITransformer>();
        foreach (IEstimator<ITransformer> step in steps)
            chain = chain.Append(step);
        return chain.Fit(new BlankView(plan.InputSchema));
    }

    private static string[] Pack(CarrierPlan plan, CarrierLocation? location)
    {
        long limit = location?.SizeLimit ?? SizeLimit;
        // This is said before gigabytes are written.
        if (location == null && plan.EstimatedLength > limit)
            throw TooLarge(plan.EstimatedLength, limit);
        string folder = location?.Folder ?? Path.GetTempPath();
        try
        {
            using var file = new AtomicFile(Path.Combine(folder, location?.Name ?? "model"));
            FileStream stream = file.Stream;
            plan.WriteBody(stream);
            stream.Position = 0;
            var header = new CarrierHeader
            {
                Kind = plan.Kind,
                Settings = plan.Settings,
                Length = stream.Length,
                Sha256 = HashingStream.HashOf(stream),
                Library = LibraryVersion.Release,
            };
            if (header.Length <= limit)
            {
                byte[] body = new byte[header.Length];
                stream.Position = 0;
                stream.ReadExactly(body);
                return CarrierBlob.Encode(header, body);
            }
            if (location == null)
                throw TooLarge(header.Length, limit);
            // The hash in the name keeps several models of one pipeline apart, and does not overwrite the weights of an older zip.
            string name = $"{location.Name}-{header.Sha256[..12]}.mdm";
            string target = Path.Combine(folder, name);
            if (!File.Exists(target))
                location.Written.Add(target);
            file.Commit(target);
            return CarrierBlob.Encode(header with { File = name }, []);
        }
        catch (Exception error) when (location == null && DiskError.Is(error))
        {
            throw new IOException($"The model could not be packed for ML.NET's zip in the temporary folder {folder}: {error.Message} "
                + "Free space there, or name another folder in the environment variable TMPDIR (Windows: TEMP).", error);
        }
    }

    private static InvalidOperationException TooLarge(long length, long limit) => new(
        $"The model is about {length >> 20} MiB, and up to {limit >> 20} MiB are carried inside ML.NET's zip. "
        + "Save it with ml.MaskedDiffusion().SaveModel(transformer, schema, path), which writes the weights beside the zip.");
}

using System.Security.Cryptography;
using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.DataViews;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;

namespace Microsoft.ML.MaskedDiffusion.Saving.Carriers;

/// <summary>
/// Turns a transformer into a chain of stock ones, which ML.NET can save and load without knowing this library: a constant key, a value
/// map that holds the model as text under it, a custom mapping whose factory lives here, and renaming around it.
/// </summary>
internal static class CarrierWriter
{
    /// <summary>
    /// 64 MiB: bodies above it are written beside the zip, because ML.NET keeps a map's text several times in memory as it loads.
    /// </summary>
    public const long SizeLimit = 64L << 20;

    /// <exception cref="InvalidOperationException">The body is above the limit, and where to write it is not known.</exception>
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
            CarrierNames.Key, CarrierNames.Blob, .. plan.Inputs.Select(input => input.CarrierName), .. plan.Outputs.SelectMany(
                output => output.Leftovers),
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
        // Known beforehand to be too large with nowhere to go: say so before gigabytes are written.
        if (location == null && plan.EstimatedLength > limit)
            throw TooLarge(plan.EstimatedLength, limit);
        string folder = location?.Folder ?? Path.GetTempPath();
        string aside = Path.Combine(folder, $".{Path.GetRandomFileName()}.mdm.tmp");
        try
        {
            using var file = new FileStream(aside, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16);
            plan.WriteBody(file);
            file.Flush(flushToDisk: location != null);
            file.Position = 0;
            string hash = Convert.ToHexStringLower(SHA256.HashData(file));
            var header = new CarrierHeader { Kind = plan.Kind, Settings = plan.Settings, Length = file.Length, Sha256 = hash };
            if (file.Length <= limit)
            {
                byte[] body = new byte[file.Length];
                file.Position = 0;
                file.ReadExactly(body);
                return CarrierBlob.Encode(header, body);
            }
            if (location == null)
                throw TooLarge(file.Length, limit);
            // The hash in the name keeps several models of one pipeline apart, and an older zip's weights alive.
            string name = $"{location.Name}-{hash[..12]}.mdm";
            file.Dispose();
            string target = Path.Combine(folder, name);
            if (!File.Exists(target))
                location.Written.Add(target);
            File.Move(aside, target, overwrite: true);
            return CarrierBlob.Encode(header with { File = name, Folder = folder }, []);
        }
        catch (Exception error) when (location == null && SaveError.IsOfDisk(error))
        {
            throw new IOException($"The model could not be packed for ML.NET's zip in the temporary folder {folder}: {error.Message} "
                + "Free space there, or name another folder in the environment variable TMPDIR (Windows: TEMP).", error);
        }
        finally
        {
            File.Delete(aside);
        }
    }

    private static InvalidOperationException TooLarge(long length, long limit) => new(
        $"The model is about {length >> 20} MiB, and up to {limit >> 20} MiB are carried inside ML.NET's zip. "
        + "Save it with ml.MaskedDiffusion().SaveModel(transformer, schema, path), which writes the weights beside the zip.");
}

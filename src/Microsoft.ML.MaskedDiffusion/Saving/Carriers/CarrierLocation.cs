namespace Microsoft.ML.MaskedDiffusion.Saving.Carriers;

/// <summary>
/// The path of the zip that is being saved or loaded. ML.NET does not tell it to a transformer, so whoever knows the path creates one of
/// these for the time of the call to ML.NET.
/// </summary>
internal sealed class CarrierLocation : IDisposable
{
    /// <summary>The environment variable that names more folders in which weights are searched.</summary>
    public const string PathVariable = "MDM_MODEL_PATH";

    private static readonly AsyncLocal<CarrierLocation?> Ambient = new();

    private readonly CarrierLocation? _outer = Ambient.Value;

    /// <param name="zipPath">The zip's path.</param>
    /// <param name="sizeLimit">Bodies of more bytes than this are written beside the zip.</param>
    public CarrierLocation(string zipPath, long sizeLimit = CarrierWriter.SizeLimit)
    {
        ArgumentException.ThrowIfNullOrEmpty(zipPath);
        string full = Path.GetFullPath(zipPath);
        Folder = Path.GetDirectoryName(full)!;
        Name = Path.GetFileNameWithoutExtension(full);
        SizeLimit = sizeLimit;
        Ambient.Value = this;
    }

    /// <summary>The location in force, or null.</summary>
    public static CarrierLocation? Current => Ambient.Value;

    /// <summary>The folder of the zip.</summary>
    public string Folder { get; }

    /// <summary>The zip's name without its extension.</summary>
    public string Name { get; }

    /// <summary>The largest body in bytes that goes into the zip.</summary>
    public long SizeLimit { get; }

    /// <summary>The files that were written beside the zip and were not there before. They are removed if the zip itself fails.</summary>
    public List<string> Written { get; } = [];

    public void Dispose() => Ambient.Value = _outer;

    /// <summary>
    /// Finds a carrier's file: beside the zip, in the folders of <see cref="PathVariable"/>, in the working folder, or beside
    /// the program.
    /// </summary>
    /// <exception cref="FileNotFoundException">The file is in none of these folders.</exception>
    public static string Find(CarrierHeader header, CarrierLocation? location)
    {
        // Only the file name counts, so that a header cannot lead to another folder.
        string name = Path.GetFileName(header.File!);
        List<string> folders = [];
        if (location != null)
            folders.Add(location.Folder);
        string named = Environment.GetEnvironmentVariable(PathVariable) ?? "";
        folders.AddRange(named.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries));
        folders.Add(Environment.CurrentDirectory);
        folders.Add(AppContext.BaseDirectory);
        foreach (string folder in folders)
        {
            string path = Path.Combine(folder, name);
            if (System.IO.File.Exists(path))
                return path;
        }
        throw new FileNotFoundException(
            $"The weights of this model were saved beside its zip as '{name}', which is in none of: "
            + $"{string.Join(", ", folders.Distinct())}. "
            + $"Keep the two files together and load with ml.MaskedDiffusion().LoadModel(path), or name the folder in {PathVariable}.",
            name);
    }
}

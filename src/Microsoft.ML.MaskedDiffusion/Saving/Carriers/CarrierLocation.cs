namespace Microsoft.ML.MaskedDiffusion.Saving.Carriers;

/// <summary>
/// Where the zip being saved or loaded stands. ML.NET tells a transformer nothing of it, so whoever knows the path says it here,
/// for the calls it makes meanwhile.
/// </summary>
internal sealed class CarrierLocation : IDisposable
{
    /// <summary>An environment variable naming more folders to look for weights in.</summary>
    public const string PathVariable = "MDM_MODEL_PATH";

    private static readonly AsyncLocal<CarrierLocation?> Ambient = new();

    private readonly CarrierLocation? _outer = Ambient.Value;

    /// <param name="zipPath">The zip's path.</param>
    /// <param name="sizeLimit">Bodies above this many bytes are written beside the zip.</param>
    public CarrierLocation(string zipPath, long sizeLimit = CarrierWriter.SizeLimit)
    {
        ArgumentException.ThrowIfNullOrEmpty(zipPath);
        string full = Path.GetFullPath(zipPath);
        Folder = Path.GetDirectoryName(full)!;
        Name = Path.GetFileNameWithoutExtension(full);
        SizeLimit = sizeLimit;
        Ambient.Value = this;
    }

    public static CarrierLocation? Current => Ambient.Value;

    public string Folder { get; }

    public string Name { get; }

    public long SizeLimit { get; }

    /// <summary>Files that were written beside the zip and were not there before: to be removed should the zip itself fail.</summary>
    public List<string> Written { get; } = [];

    public void Dispose() => Ambient.Value = _outer;

    /// <summary>
    /// Finds a carrier's file: beside the zip, in the folders of <see cref="PathVariable"/>, in the working folder, beside the program,
    /// where it was written.
    /// </summary>
    /// <exception cref="FileNotFoundException">It is in none of them.</exception>
    public static string Find(CarrierHeader header, CarrierLocation? location)
    {
        // Only the name counts: a header must not lead elsewhere by a path in it.
        string name = Path.GetFileName(header.File!);
        List<string> folders = [];
        if (location != null)
            folders.Add(location.Folder);
        folders.AddRange(
            (Environment.GetEnvironmentVariable(PathVariable) ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries));
        folders.Add(Environment.CurrentDirectory);
        folders.Add(AppContext.BaseDirectory);
        if (header.Folder is { } written)
            folders.Add(written);
        foreach (string folder in folders)
        {
            string path = Path.Combine(folder, name);
            if (System.IO.File.Exists(path))
                return path;
        }
        throw new FileNotFoundException(
            $"The weights of this model were saved beside its zip as '{name}', which is in none of: {string.Join(", ", folders.Distinct())}. "
            + $"Keep the two files together and load with ml.MaskedDiffusion().LoadModel(path), or name the folder in {PathVariable}.",
                name);
    }
}

using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>
/// Turns the disk's error of a failed save into one that says where the model should have gone, why it did not, and what to do. The
/// system's own message names a temporary file that is gone by then.
/// </summary>
internal static class SaveError
{
    /// <summary>Runs a save to a path of what messages call by its name.</summary>
    /// <exception cref="DirectoryNotFoundException">The folder around the path does not exist.</exception>
    /// <exception cref="IOException">The disk refused.</exception>
    public static void Explain(string path, Action save, string what = "model")
    {
        try
        {
            save();
        }
        catch (Exception error) when (DiskError.Is(error))
        {
            throw At(Path.GetFullPath(path), what, error);
        }
    }

    private static IOException At(string path, string what, Exception cause)
    {
        if (cause is DirectoryNotFoundException && Path.GetDirectoryName(path) is { } folder && !Directory.Exists(folder))
        {
            return new DirectoryNotFoundException(
                $"The {what} could not be saved to {path}: there is no folder {folder}. Create it first.", cause);
        }
        string reason = cause.Message.TrimEnd('.');
        return new IOException($"The {what} could not be saved to {path}: {reason}. What was there before is unchanged. "
            + "Free space on that disk, or save to a place that can be written to.", cause);
    }
}

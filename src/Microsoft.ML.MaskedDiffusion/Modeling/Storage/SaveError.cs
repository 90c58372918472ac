namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>
/// Says of a save that failed where it went, why, and what to do; the system's own message names a file that is gone by then.
/// </summary>
internal static class SaveError
{
    /// <summary>Whether an error comes from the disk.</summary>
    public static bool IsOfDisk(Exception error) => error is IOException or UnauthorizedAccessException;

    public static IOException At(string path, Exception cause)
    {
        string full = Path.GetFullPath(path);
        if (cause is DirectoryNotFoundException && Path.GetDirectoryName(full) is { } folder && !Directory.Exists(folder))
            return new DirectoryNotFoundException(
                $"The model could not be saved to {full}: there is no folder {folder}. Create it first.", cause);
        return new IOException(
            $"The model could not be saved to {full}: {cause.Message.TrimEnd('.')}. What was there before is unchanged. Free space on that disk, or save to a place that can be written to.", cause);
    }
}

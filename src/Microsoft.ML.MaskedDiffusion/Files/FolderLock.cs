namespace Microsoft.ML.MaskedDiffusion.Files;

/// <summary>
/// Holds a folder for one user of it at a time, among all processes of the machine. The lock is the open file ".lock" in the folder; the
/// system closes it whichever way the process ends, so a crash leaves nothing locked. The file itself stays. Folders on network drives are
/// protected only where the drive supports locks.
/// </summary>
internal sealed class FolderLock : IDisposable
{
    public const string FileName = ".lock";

    private readonly FileStream _stream;

    /// <summary>Creates the folder where it is missing, takes it, and removes what crashed writers left in it.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="what">How messages call the folder, for example "checkpoint folder".</param>
    /// <param name="option">The option that names the folder, for the remedy.</param>
    /// <exception cref="IOException">Somebody else holds the folder, or it cannot be written.</exception>
    public FolderLock(string folder, string what, string option)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception error) when (DiskError.Is(error))
        {
            string reason = File.Exists(folder) ? "there is a file of that name" : error.Message;
            throw new IOException($"The {what} {folder} cannot be made: {reason}. Set {option} to another folder.", error);
        }
        try
        {
            _stream = new FileStream(Path.Combine(folder, FileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new IOException($"The {what} {folder} cannot be written to: {error.Message} Set {option} to another folder.", error);
        }
        catch (IOException error)
        {
            throw new IOException($"The {what} {folder} cannot be locked: {error.Message} If another training is using it, wait for its "
                + $"end; else set {option} to another folder.", error);
        }
        try
        {
            WriteClaim.CleanUp(folder);
        }
        catch
        {
            _stream.Dispose();
            throw;
        }
    }

    public void Dispose() => _stream.Dispose();
}

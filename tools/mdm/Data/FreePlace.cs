using Mdm.Settings;

namespace Mdm.Data;

/// <summary>Places for what a command writes.</summary>
internal static class FreePlace
{
    /// <summary>Whether there is a file or folder at a path.</summary>
    public static bool IsTaken(string path) => File.Exists(path) || Directory.Exists(path);

    /// <summary>Refuses a place where something is already, before the work whose result goes there.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="isTaken">Whether something is there.</param>
    /// <param name="overwrite">Whether it is replaced.</param>
    /// <exception cref="UsageException">Something is there, and is not replaced.</exception>
    public static void Require(string path, bool isTaken, bool overwrite)
    {
        if (isTaken && !overwrite)
            throw new UsageException($"There is something at {path} already: choose another place, or add --overwrite to replace it.");
    }

    /// <summary>
    /// Takes a place until it is disposed, by a hidden file beside it: that shows that the folder can be written to, and keeps other runs
    /// of the tool away.
    /// </summary>
    /// <param name="what">What is made there, for the messages.</param>
    /// <param name="path">The file or folder.</param>
    /// <exception cref="UsageException">Nothing can be written there, or another run has it.</exception>
    public static FileStream Claim(string what, string path)
    {
        string whole = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        string folder = Path.GetDirectoryName(whole)
            ?? throw new UsageException($"{path} is the root of a disk, where no {what} can be: choose a folder in it.");
        string claim = Path.Combine(folder, $".{Path.GetFileName(whole)}.mdm-run");
        try
        {
            Directory.CreateDirectory(folder);
            return new FileStream(claim, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception error) when (IsOfDisk(error))
        {
            throw new UsageException(
                File.Exists(claim)
                    ? $"Another run of mdm is making the {what} at {path}: wait for it, or choose another place."
                    : $"No {what} can be saved to {path}: {ErrorText.Of(error)}", error);
        }
    }

    /// <summary>Where something goes whose place was taken while it was made, which the user is told.</summary>
    public static string Beside(string what, string path, ToolContext context)
    {
        string other = Beside(path);
        context.Say($"Something has appeared at {path} during the run, which stays; the {what} goes to {other}.");
        return other;
    }

    /// <summary>A place like this one with a number behind its name, where nothing is yet.</summary>
    public static string Beside(string path)
    {
        string extension = Path.GetExtension(path), before = path[..^extension.Length];
        return Enumerable.Range(1, int.MaxValue).Select(number => $"{before}-{number}{extension}").First(other => !IsTaken(other));
    }

    /// <summary>Saves what a command has made at its place, or, where the disk refuses that, in the folder for temporary files.</summary>
    /// <param name="what">What is saved, for the message.</param>
    /// <param name="path">The place.</param>
    /// <param name="write">Writes it to a path.</param>
    /// <exception cref="IOException">It could not be saved at its place; the message says where it is instead.</exception>
    public static void Save(string what, string path, Action<string> write)
    {
        try
        {
            write(path);
        }
        catch (Exception error) when (IsOfDisk(error))
        {
            string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
            string rescue = Beside(Path.Combine(Path.GetTempPath(), name));
            try
            {
                write(rescue);
            }
            catch (Exception second) when (IsOfDisk(second))
            {
                // The first error says more than that of the folder for temporary files.
                throw error;
            }
            throw new IOException($"The {what} could not be saved to {path}, so it was saved to {rescue}. {error.Message}", error);
        }
    }

    private static bool IsOfDisk(Exception error) => error is IOException or UnauthorizedAccessException;
}

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
}

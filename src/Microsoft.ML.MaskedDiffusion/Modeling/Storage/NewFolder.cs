using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>
/// Writes a folder in a layout that other programs share. Nothing in it proves whose it is, so it is written where nothing is, and a folder
/// that holds something is never replaced.
/// </summary>
internal static class NewFolder
{
    /// <summary>Writes a folder, which appears whole or not at all; folders on the way to it are created.</summary>
    /// <param name="path">A folder that is not there or empty.</param>
    /// <param name="what">What it holds, for messages.</param>
    /// <param name="write">Writes the files, as in <see cref="AtomicFolder.Write"/>.</param>
    /// <exception cref="ArgumentException">The path is the root of a disk.</exception>
    /// <exception cref="IOException">The disk refuses, or the folder holds something; nothing has changed then.</exception>
    public static void Write(string path, string what, Action<string> write)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        string around = Path.GetDirectoryName(path) ?? throw new ArgumentException(
            $"The {what} cannot be saved to \"{path}\", which is the root of a disk; choose a folder in it.", nameof(path));
        OwnFiles Nothing(string folder) => OwnFiles.None("a folder in a published layout is never replaced");
        AtomicFolder.RequireReplaceable(path, Nothing);
        SaveError.Explain(path, () =>
        {
            Directory.CreateDirectory(around);
            AtomicFolder.Write(path, Nothing, write);
        }, what);
    }
}

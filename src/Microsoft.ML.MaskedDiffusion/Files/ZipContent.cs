using System.IO.Compression;

namespace Microsoft.ML.MaskedDiffusion.Files;

/// <summary>What zip archives hold, without reading their entries.</summary>
internal static class ZipContent
{
    /// <summary>The names of an archive's entries; null if the file is no archive.</summary>
    public static string[]? Names(string path)
    {
        try
        {
            using ZipArchive archive = ZipFile.OpenRead(path);
            return [.. archive.Entries.Select(entry => entry.FullName)];
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>
    /// Refuses to replace a file that is not the kind of archive that is going to be written. An empty file may be replaced.
    /// </summary>
    /// <param name="path">The file, which need not exist.</param>
    /// <param name="proves">Whether an entry of this name proves that the archive is of the kind.</param>
    /// <exception cref="IOException">A file of another kind is there; it is unchanged.</exception>
    public static void RequireReplaceable(string path, Func<string, bool> proves)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.Length == 0 || Names(path)?.Any(proves) == true)
            return;
        throw new IOException($"{path} is there already and is no saved model, so it is not replaced. Choose another name, or remove the "
            + "file.");
    }
}

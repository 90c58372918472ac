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
    /// Refuses to replace what is not the kind of archive that is going to be written. An empty file may be replaced.
    /// </summary>
    /// <param name="path">The file, which need not exist.</param>
    /// <param name="isOfKind">Whether an archive is of the kind.</param>
    /// <exception cref="IOException">A folder, or a file of another kind, is there; it is unchanged.</exception>
    public static void RequireReplaceable(string path, Func<ZipArchive, bool> isOfKind)
    {
        if (Directory.Exists(path))
            throw new IOException($"{path} is a folder, and a file is to be written there, so it is not replaced. Choose another name.");
        var file = new FileInfo(path);
        if (!file.Exists || file.Length == 0 || Is(path, isOfKind))
            return;
        throw new IOException($"{path} is there already and is no saved model, so it is not replaced. Choose another name, or remove the "
            + "file.");
    }

    private static bool Is(string path, Func<ZipArchive, bool> isOfKind)
    {
        try
        {
            using ZipArchive archive = ZipFile.OpenRead(path);
            return isOfKind(archive);
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }
}

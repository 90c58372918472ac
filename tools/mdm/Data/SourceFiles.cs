using Mdm.Settings;

namespace Mdm.Data;

/// <summary>Tells kinds of files apart, and refuses those that are not read.</summary>
internal static class SourceFiles
{
    // What files of these kinds begin with.
    private static readonly (byte[] Start, string Kind, string Remedy)[] OtherKinds =
    [
        ([.. "PAR1"u8], "a Parquet file", "'mdm batch' alone reads these"),
        ([0x1F, 0x8B], "compressed with gzip", "unpack it first"),
        ([0x28, 0xB5, 0x2F, 0xFD], "compressed with Zstandard", "unpack it first"),
        ([.. "PK\x03\x04"u8], "a ZIP archive or an office document", "unpack it, or save it as text, first"),
        ([.. "%PDF-"u8], "a PDF document", "save it as text first"),
        ([0xFF, 0xFE], "UTF-16 text", "convert it to UTF-8 first"),
        ([0xFE, 0xFF], "UTF-16 text", "convert it to UTF-8 first"),
    ];

    /// <summary>Whether a file of this name has a JSON object in each line.</summary>
    public static bool IsJsonLines(string? path) => Path.GetExtension(path)?.ToLowerInvariant() is ".jsonl" or ".ndjson";

    /// <summary>Refuses a path at which there is no file.</summary>
    /// <exception cref="UsageException">There is a folder.</exception>
    /// <exception cref="FileNotFoundException">There is nothing.</exception>
    public static void RequireFile(string path)
    {
        if (Directory.Exists(path))
            throw new UsageException($"{path} is a folder; name a file.");
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no file {path}.", path);
    }

    /// <summary>
    /// Refuses a file that is no text by its first bytes; folders, and what is not there, are left to those who read them.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="forms">What is read in its place, in the plural.</param>
    /// <exception cref="UsageException">It is of such a kind.</exception>
    public static void RefuseOtherKinds(string path, string forms)
    {
        // Pipes have no first bytes that could be read twice.
        if (!File.Exists(path) || new FileInfo(path).Attributes.HasFlag(FileAttributes.Device))
            return;
        byte[] start = new byte[8];
        using (FileStream stream = File.OpenRead(path))
        {
            if (!stream.CanSeek)
                return;
            start = start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        }
        foreach ((byte[] known, string kind, string remedy) in OtherKinds)
        {
            if (start.AsSpan().StartsWith(known))
                throw new UsageException($"{path} is {kind}: {remedy}. What is read here are {forms}.");
        }
    }
}

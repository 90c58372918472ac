namespace Microsoft.ML.MaskedDiffusion.Files;

/// <summary>
/// What this library wrote in a folder, as a file proves that it left there itself. Names prove nothing: files of the same names may be
/// somebody's.
/// </summary>
/// <param name="Names">The paths in the folder, with '/' between folder and file.</param>
/// <param name="Doubt">Where nothing proves it, the reason, for messages; else null.</param>
internal sealed record OwnFiles(IReadOnlyCollection<string> Names, string? Doubt = null)
{
    private static readonly EnumerationOptions Everything = new()
    {
        RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false,
    };

    /// <summary>Nothing there is provably ours.</summary>
    /// <param name="doubt">The reason, such as "it has no manifest.json".</param>
    public static OwnFiles None(string doubt) => new([], doubt);

    /// <summary>
    /// The path in a folder of a file that is not among these, or of a folder without any file, which nobody but a user makes; null if
    /// there is none.
    /// </summary>
    /// <exception cref="IOException">The folder, or one in it, may not be read.</exception>
    public string? FirstOther(string folder)
    {
        HashSet<string> ours = [.. Names];
        try
        {
            foreach (string path in Directory.EnumerateFileSystemEntries(folder, "*", Everything))
            {
                string name = Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/');
                bool isOurs = Directory.Exists(path) ? Directory.EnumerateFileSystemEntries(path).Any() : ours.Contains(name);
                if (!isOurs)
                    return name;
            }
        }
        catch (UnauthorizedAccessException error)
        {
            throw new IOException($"Nothing proves that all in the folder {folder} is this library's, so it is not replaced: "
                + $"{error.Message} Grant the right to read it, or choose another folder.", error);
        }
        return null;
    }
}

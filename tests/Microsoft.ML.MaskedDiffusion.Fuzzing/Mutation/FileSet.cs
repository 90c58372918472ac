namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Mutation;

/// <summary>
/// Files that belong together, by their paths in a folder with '/' between folder and file. The contents are never changed.
/// </summary>
internal sealed class FileSet : SortedDictionary<string, byte[]>
{
    public FileSet()
        : base(StringComparer.Ordinal)
    {
    }

    public FileSet(FileSet other)
        : base(other, StringComparer.Ordinal)
    {
    }

    /// <summary>The bytes of all files together.</summary>
    public long Length => Values.Sum(content => (long)content.Length);

    /// <summary>All files of a folder.</summary>
    public static FileSet Read(string folder)
    {
        var files = new FileSet();
        foreach (string path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            files[Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/')] = File.ReadAllBytes(path);
        return files;
    }

    /// <summary>Writes the files into a folder, which is created.</summary>
    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach ((string name, byte[] content) in this)
        {
            string path = Path.Combine(folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, content);
        }
    }
}

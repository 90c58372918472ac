namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>A model saved as a folder.</summary>
internal sealed class FolderStore(string path) : IModelStore
{
    public string Source => path;

    public IReadOnlyCollection<string> Files { get; } =
        [.. Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(path, file).Replace(Path.DirectorySeparatorChar, '/'))];

    public (Stream Content, long Limit) Open(string name)
    {
        var stream = new FileStream(Path.Combine(path, name.Replace('/', Path.DirectorySeparatorChar)), FileMode.Open, FileAccess.Read,
            FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        return (stream, stream.Length);
    }

    public void Dispose()
    {
    }
}

namespace Microsoft.ML.Data;

/// <summary>Files read one after another as if they were one.</summary>
public sealed class MultiFileSource : IMultiStreamSource
{
    private readonly string[] _paths;

    public MultiFileSource(params string[] paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        _paths = (string[])paths.Clone();
    }

    public int Count => _paths.Length;

    public string GetPathOrNull(int index) => _paths[index];

    public Stream Open(int index) => new FileStream(_paths[index], FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);

    public TextReader OpenTextReader(int index) => new StreamReader(Open(index));
}

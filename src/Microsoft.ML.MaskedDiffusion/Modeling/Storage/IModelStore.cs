using System.IO.Compression;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>Where the files of a saved model are read from: a folder or an archive.</summary>
internal interface IModelStore : IDisposable
{
    /// <summary>The name for messages.</summary>
    string Source { get; }

    /// <summary>The names of all files that are there, with '/' between folder and file.</summary>
    IReadOnlyCollection<string> Files { get; }

    /// <summary>Opens a file at its start; the limit is the largest number of bytes that it can hold.</summary>
    (Stream Content, long Limit) Open(string name);
}

/// <summary>A model saved as a folder.</summary>
internal sealed class FolderStore(string path) : IModelStore
{
    public string Source => path;

    // A folder without a manifest is no saved model. It may be a whole disk, so it is not searched.
    public IReadOnlyCollection<string> Files { get; } = !File.Exists(Path.Combine(path, ModelManifest.Name)) ? [] :
    [
        .. Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(path, file).Replace(Path.DirectorySeparatorChar, '/')),
    ];

    public (Stream Content, long Limit) Open(string name)
    {
        string file = Path.Combine(path, name.Replace('/', Path.DirectorySeparatorChar));
        var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        return (stream, stream.Length);
    }

    public void Dispose()
    {
    }
}

/// <summary>A model saved as one zip archive (.mdm).</summary>
internal sealed class ArchiveStore : IModelStore
{
    // The largest number of bytes that the deflate format can store in one.
    private const long MaximumExpansion = 1032;

    private readonly ZipArchive _archive;
    private readonly Dictionary<string, ZipArchiveEntry> _entries = [];

    /// <param name="stream">The archive; it is left open.</param>
    /// <param name="source">The name for messages.</param>
    /// <exception cref="InvalidDataException">The stream is not a zip archive, or two entries have the same name.</exception>
    public ArchiveStore(Stream stream, string source)
    {
        Source = source;
        _archive = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
        try
        {
            foreach (ZipArchiveEntry entry in _archive.Entries)
            {
                if (entry.FullName.EndsWith('/') && entry.Length == 0)
                    continue;
                if (!_entries.TryAdd(entry.FullName, entry))
                    throw new InvalidDataException($"{source}: the entry {FaultList.Quote(entry.FullName)} appears twice.");
            }
        }
        catch
        {
            _archive.Dispose();
            throw;
        }
    }

    public string Source { get; }

    public IReadOnlyCollection<string> Files => _entries.Keys;

    public (Stream Content, long Limit) Open(string name)
    {
        ZipArchiveEntry entry = _entries[name];
        long expanded = Math.Min(entry.CompressedLength, long.MaxValue / MaximumExpansion) * MaximumExpansion;
        return (entry.Open(), Math.Min(entry.Length, expanded));
    }

    public void Dispose() => _archive.Dispose();
}

using System.IO.Compression;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>A model saved as one zip archive (.mdm).</summary>
internal sealed class ArchiveStore : IModelStore
{
    // The most that deflate can make out of a byte.
    private const long MaximumExpansion = 1032;
    private readonly ZipArchive _archive;
    private readonly Dictionary<string, ZipArchiveEntry> _entries = [];

    /// <param name="stream">The archive; left open.</param>
    /// <param name="source">The name for messages.</param>
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
                    throw new InvalidDataException($"{source}: the entry {FaultList.Quote(entry.FullName)} stands twice.");
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
        return (entry.Open(), Math.Min(
            entry.Length, Math.Min(entry.CompressedLength, long.MaxValue / MaximumExpansion) * MaximumExpansion));
    }

    public void Dispose() => _archive.Dispose();
}

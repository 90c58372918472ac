using System.IO.Compression;
using System.Text;

namespace Microsoft.ML;

/// <summary>The zip a model is loaded from.</summary>
internal sealed class ModelArchiveReader(Stream stream) : IDisposable
{
    private readonly ZipArchive _zip = new(stream, ZipArchiveMode.Read, leaveOpen: true);

    /// <summary>A reader over the entry, or null where there is none.</summary>
    internal BinaryReader Open(string entry) =>
        _zip.GetEntry(entry) is { } found ? new BinaryReader(new BufferedStream(found.Open(), 1 << 16), Encoding.UTF8) : null;

    public void Dispose() => _zip.Dispose();
}

using System.IO.Compression;
using System.Text;

namespace Microsoft.ML;

/// <summary>The zip a model is saved to. Entries are written one after another.</summary>
internal sealed class ModelArchiveWriter(Stream stream) : IDisposable
{
    private readonly ZipArchive _zip = new(stream, ZipArchiveMode.Create, leaveOpen: true);

    internal void Write(string entry, Action<BinaryWriter> write)
    {
        using var writer = new BinaryWriter(_zip.CreateEntry(entry, CompressionLevel.Fastest).Open(), Encoding.UTF8);
        write(writer);
    }

    public void Dispose() => _zip.Dispose();
}

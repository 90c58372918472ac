using System.IO.Compression;
using System.Text;

namespace Microsoft.ML;

/// <summary>The zip a model is loaded from. Each entry is compared with its size and checksum before anything in it is believed.</summary>
internal sealed class ModelArchiveReader : IDisposable
{
    // Deflate cannot shrink below about 1:1032.
    private const int MaximumRatio = 1100;

    private readonly ZipArchive _zip;

    internal ModelArchiveReader(Stream stream)
    {
        try
        {
            _zip = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new InvalidDataException("The model is not a readable zip file: it was cut short, altered, or is something else.", e);
        }
    }

    /// <summary>A reader over the entry (its stream knows its length), or null where there is none.</summary>
    internal BinaryReader Open(string entry)
    {
        try
        {
            return _zip.GetEntry(entry) is { } found ? new BinaryReader(new MemoryStream(Read(found), writable: false), Encoding.UTF8) : null;
        }
        catch (Exception e) when (e is IOException or NotSupportedException)
        {
            throw new InvalidDataException($"The model file's entry '{entry}' cannot be read.", e);
        }
    }

    public void Dispose() => _zip.Dispose();

    private static byte[] Read(ZipArchiveEntry entry)
    {
        // A size that the compressed bytes cannot hold is false: nothing is allocated for it.
        if (entry.Length > entry.CompressedLength * MaximumRatio + 1024 || entry.Length > Array.MaxLength)
            throw new InvalidDataException($"The model file's entry '{entry.FullName}' claims {entry.Length} bytes out of {entry.CompressedLength} compressed ones.");
        var bytes = new byte[entry.Length];
        using var stream = entry.Open();
        var read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        if (read < bytes.Length || stream.ReadByte() >= 0)
            throw new InvalidDataException($"The model file's entry '{entry.FullName}' does not hold the {entry.Length} bytes it claims.");
        if (Crc32.Of(bytes) != entry.Crc32)
            throw new InvalidDataException($"The model file's entry '{entry.FullName}' was altered: its checksum differs.");
        return bytes;
    }
}

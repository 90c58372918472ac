using System.IO.Compression;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Mutation;

/// <summary>Takes zip archives apart and puts them together again, with right checksums.</summary>
internal static class ZipFiles
{
    /// <summary>The entries; null where the bytes are no archive.</summary>
    public static FileSet? Read(byte[] archive)
    {
        try
        {
            using var zip = new ZipArchive(new MemoryStream(archive));
            var files = new FileSet();
            foreach (ZipArchiveEntry entry in zip.Entries)
            {
                using Stream stream = entry.Open();
                using var copy = new MemoryStream();
                stream.CopyTo(copy);
                files[entry.FullName] = copy.ToArray();
            }
            return files;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    public static byte[] Write(FileSet files)
    {
        using var buffer = new MemoryStream();
        using (var zip = new ZipArchive(buffer, ZipArchiveMode.Create))
        {
            foreach ((string name, byte[] content) in files)
            {
                ZipArchiveEntry entry = zip.CreateEntry(name, CompressionLevel.Fastest);
                entry.LastWriteTime = new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
                using Stream stream = entry.Open();
                stream.Write(content);
            }
        }
        return buffer.ToArray();
    }
}

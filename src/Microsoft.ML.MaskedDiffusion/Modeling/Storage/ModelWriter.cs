using System.IO.Compression;
using Microsoft.ML.MaskedDiffusion.Files;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>Writes a model as a folder or an archive. Both appear whole or not at all: written aside, flushed, renamed.</summary>
internal static class ModelWriter
{
    // Archives of the same model are the same bytes.
    private static readonly DateTimeOffset Timestamp = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private delegate void WriteFile(string name, bool compress, Action<Stream> write);

    public static void WriteArchive(MaskedDiffusionModel model, Stream stream)
    {
        using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        Write(model, (name, compress, write) =>
        {
            ZipArchiveEntry entry = archive.CreateEntry(name, compress ? CompressionLevel.Optimal : CompressionLevel.NoCompression);
            entry.LastWriteTime = Timestamp;
            using Stream content = entry.Open();
            write(content);
        });
    }

    public static void WriteArchive(MaskedDiffusionModel model, string path)
    {
        string aside = Aside(path);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(aside)!);
            using (var stream = new FileStream(aside, FileMode.CreateNew, FileAccess.Write))
            {
                WriteArchive(model, stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(aside, path, overwrite: true);
        }
        catch (Exception error)
        {
            if (File.Exists(aside))
                File.Delete(aside);
            if (SaveError.IsOfDisk(error))
                throw SaveError.At(path, error);
            throw;
        }
    }

    public static void WriteFolder(MaskedDiffusionModel model, string path)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (File.Exists(path))
            throw new IOException(
                $"{path} is a file; a model is saved as a folder, or as an archive with the extension {MaskedDiffusionModel.ArchiveExtension}.");
        bool exists = Directory.Exists(path);
        if (exists && Directory.EnumerateFileSystemEntries(path).Any() && !File.Exists(Path.Combine(path, ModelManifest.Name)))
            throw new IOException(
                $"The folder {path} holds other files and no saved model, so it is not replaced; choose a new or empty folder.");
        string aside = Aside(path), old = aside + ".old";
        try
        {
            Write(model, (name, _, write) =>
            {
                string file = Path.Combine(aside, name.Replace('/', Path.DirectorySeparatorChar));
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                using var stream = new FileStream(file, FileMode.CreateNew, FileAccess.Write);
                write(stream);
                stream.Flush(flushToDisk: true);
            });
            if (exists)
                Directory.Move(path, old);
            Directory.Move(aside, path);
        }
        catch (Exception error)
        {
            if (Directory.Exists(old) && !Directory.Exists(path))
                Directory.Move(old, path);
            if (Directory.Exists(aside))
                Directory.Delete(aside, recursive: true);
            if (SaveError.IsOfDisk(error))
                throw SaveError.At(path, error);
            throw;
        }
        if (Directory.Exists(old))
            Directory.Delete(old, recursive: true);
    }

    private static void Write(MaskedDiffusionModel model, WriteFile file)
    {
        var manifest = new ModelManifest();
        void Listed(string name, bool compress, Action<Stream> write) => file(name, compress, stream =>
        {
            using var hashing = new HashingStream(stream, leaveOpen: true);
            write(hashing);
            manifest.Add(name, hashing.Count, hashing.Hash());
        });
        Listed(ModelConfigFile.Name, true, stream => stream.Write(ModelConfigFile.Write(model.Config)));
        foreach ((string name, byte[] content) in model.Tokenizer.Files.OrderBy(item => item.Key, StringComparer.Ordinal))
            Listed(ModelReader.TokenizerFolder + name, true, stream => stream.Write(content));
        Listed(ModelReader.WeightsName, false, stream => SafetensorsWriter.Write(stream,
            model.Network.Parameters.Select(
                item => KeyValuePair.Create(item.Key, (torch.Tensor)item.Value)), new Dictionary<string, string> { ["format"] = "pt" }));
        // Last: a model without its manifest was not completed.
        file(ModelManifest.Name, true, stream => stream.Write(manifest.Write()));
    }

    private static string Aside(string path)
    {
        string full = Path.GetFullPath(path);
        return Path.Combine(Path.GetDirectoryName(full) ?? throw new ArgumentException(
            $"\"{path}\" is no place to save a model to.", nameof(path)), $".{Path.GetFileName(full)}.{Guid.NewGuid():N}");
    }
}

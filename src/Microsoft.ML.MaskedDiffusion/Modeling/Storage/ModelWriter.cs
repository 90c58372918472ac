using System.IO.Compression;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>Writes a model as a folder or as an archive. Both appear whole or not at all.</summary>
internal static class ModelWriter
{
    // Every entry has this time, so that archives of the same model are the same bytes.
    private static readonly DateTimeOffset Timestamp = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private const long LongestManifest = 1 << 20;

    private delegate void WriteFile(string name, bool compress, Action<Stream> write);

    /// <summary>Writes an archive to a stream, which need not be able to seek and is left open.</summary>
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

    /// <summary>Writes an archive; folders on the way to it are created, and an archive that is there is replaced.</summary>
    /// <exception cref="IOException">
    /// The disk refuses, or a file that is no saved model is there; what was there before is unchanged.
    /// </exception>
    public static void WriteArchive(MaskedDiffusionModel model, string path)
    {
        string around = FolderAround(path);
        RequireReplaceableArchive(path);
        SaveError.Explain(path, () =>
        {
            Directory.CreateDirectory(around);
            AtomicFile.Write(path, stream => WriteArchive(model, stream));
        });
    }

    /// <summary>Writes a folder; folders on the way to it are created, and a model that is there is replaced.</summary>
    /// <exception cref="IOException">
    /// The disk refuses, or the path is a file or a folder with other content; what was there before is unchanged.
    /// </exception>
    public static void WriteFolder(MaskedDiffusionModel model, string path)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        // The folder around is asked for first: the root of a disk has none.
        string around = FolderAround(path);
        RequireReplaceableFolder(path);
        SaveError.Explain(path, () =>
        {
            Directory.CreateDirectory(around);
            AtomicFolder.Write(path, FindOurs, folder => Write(model, (name, _, write) =>
            {
                string file = Path.Combine(folder, name.Replace('/', Path.DirectorySeparatorChar));
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                DurableFiles.Create(file, write);
            }));
        });
    }

    /// <summary>Refuses to replace what is no model's archive.</summary>
    /// <exception cref="IOException">Something else is there; it is unchanged.</exception>
    public static void RequireReplaceableArchive(string path) => ZipContent.RequireReplaceable(path, IsOurs);

    /// <summary>Refuses to replace what is no model's folder.</summary>
    /// <exception cref="IOException">Something else is there; it is unchanged.</exception>
    public static void RequireReplaceableFolder(string path)
    {
        if (File.Exists(path))
        {
            throw new IOException(
                $"{path} is a file; a model is saved as a folder, or as an archive with the extension "
                + $"{MaskedDiffusionModel.ArchiveExtension}.");
        }
        AtomicFolder.RequireReplaceable(path, FindOurs);
    }

    private static void Write(MaskedDiffusionModel model, WriteFile file)
    {
        using UseCount.Use use = model.Network.Use();
        var manifest = new ModelManifest();
        void Listed(string name, bool compress, Action<Stream> write) =>
            file(name, compress, stream => manifest.Write(name, stream, write));
        Listed(ModelConfigFile.Name, true, stream => stream.Write(ModelConfigFile.Write(model.Config)));
        foreach ((string name, byte[] content) in model.Tokenizer.Files.OrderBy(item => item.Key, StringComparer.Ordinal))
            Listed(ModelReader.TokenizerFolder + name, true, stream => stream.Write(content));
        Listed(ModelReader.WeightsName, false, stream => SafetensorsWriter.WriteModel(stream, model.Network.Stored));
        // The manifest comes last: a model without it was not completed.
        file(ModelManifest.Name, true, stream => stream.Write(manifest.ToJson()));
    }

    // Only a folder that holds a saved model and nothing else may be replaced: the rest would be lost.
    private static OwnFiles FindOurs(string folder)
    {
        try
        {
            string[] listed = [.. ModelManifest.ReadFolder(folder).Files];
            return listed.Contains(ModelConfigFile.Name)
                ? new OwnFiles([.. listed, ModelManifest.Name]) : OwnFiles.None($"its {ModelManifest.Name} is not a saved model's");
        }
        catch (InvalidDataException error)
        {
            return OwnFiles.None(error.Message);
        }
    }

    // As for folders: what the manifest does not list is somebody's.
    private static bool IsOurs(ZipArchive archive)
    {
        using var content = new MemoryStream();
        if (archive.GetEntry(ModelManifest.Name) is not { Length: <= LongestManifest } entry)
            return false;
        using (Stream stream = entry.Open())
            stream.CopyTo(content);
        HashSet<string> ours = [.. ModelManifest.Read(content.ToArray(), ModelManifest.Name).Files, ModelManifest.Name];
        return ours.Contains(ModelConfigFile.Name) && archive.Entries.All(file => ours.Contains(file.FullName));
    }

    private static string FolderAround(string path) => Path.GetDirectoryName(Path.GetFullPath(path))
        ?? throw new ArgumentException(
            $"A model cannot be saved to \"{path}\", which is the root of a disk; choose a folder in it.", nameof(path));
}

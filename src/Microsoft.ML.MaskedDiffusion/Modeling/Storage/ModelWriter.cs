using System.IO.Compression;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>Writes a model as a folder or as an archive. Both appear whole or not at all.</summary>
internal static class ModelWriter
{
    // Every entry has this time, so that archives of the same model are the same bytes.
    private static readonly DateTimeOffset Timestamp = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

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
        ZipContent.RequireReplaceable(path, name => name == ModelManifest.Name);
        SaveError.Explain(path, () =>
        {
            Directory.CreateDirectory(FolderAround(path));
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
        if (File.Exists(path))
        {
            throw new IOException(
                $"{path} is a file; a model is saved as a folder, or as an archive with the extension "
                + $"{MaskedDiffusionModel.ArchiveExtension}.");
        }
        CheckFolderReplaceable(path);
        SaveError.Explain(path, () =>
        {
            Directory.CreateDirectory(FolderAround(path));
            AtomicFolder.Write(path, _ => true, folder => Write(model, (name, _, write) =>
            {
                string file = Path.Combine(folder, name.Replace('/', Path.DirectorySeparatorChar));
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                DurableFiles.Create(file, write);
            }));
        });
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
        Listed(ModelReader.WeightsName, false, stream => SafetensorsWriter.WriteModel(stream, WeightsOf(model)));
        // The manifest comes last: a model without it was not completed.
        file(ModelManifest.Name, true, stream => stream.Write(manifest.ToJson()));
    }

    // Only a folder that holds a saved model and nothing else may be replaced: the rest would be lost.
    private static void CheckFolderReplaceable(string path)
    {
        if (!Directory.Exists(path))
            return;
        using var folder = new FolderStore(path);
        if (folder.Files.Count == 0)
            return;
        string manifest = Path.Combine(path, ModelManifest.Name);
        if (!File.Exists(manifest))
            throw new IOException(
                $"The folder {path} holds other files and no saved model, so it is not replaced; choose a new or empty folder.");
        HashSet<string> saved = [ModelManifest.Name];
        try
        {
            saved.UnionWith(ModelManifest.Read(File.ReadAllBytes(manifest), path).Files);
        }
        catch (InvalidDataException error)
        {
            throw new IOException($"The folder {path} holds no model that this library saved, so it is not replaced ({error.Message}). "
                + "Choose a new or empty folder.", error);
        }
        string[] others = [.. folder.Files.Where(file => !saved.Contains(file)).Order(StringComparer.Ordinal)];
        if (others.Length > 0)
        {
            throw new IOException(
                $"The folder {path} holds {others.Length} files beside the saved model, such as {others[0]}, so it is not "
                + "replaced. Move them elsewhere, or choose a new or empty folder.");
        }
    }

    private static IEnumerable<KeyValuePair<string, torch.Tensor>> WeightsOf(MaskedDiffusionModel model) =>
        model.Network.Parameters.Select(item => KeyValuePair.Create(item.Key, (torch.Tensor)item.Value));

    private static string FolderAround(string path) => Path.GetDirectoryName(Path.GetFullPath(path))
        ?? throw new ArgumentException(
            $"A model cannot be saved to \"{path}\", which is the root of a disk; choose a folder in it.", nameof(path));
}

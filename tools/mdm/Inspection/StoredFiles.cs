using System.IO.Compression;
using System.Text.Json;
using Mdm.Data;

namespace Mdm.Inspection;

/// <summary>The files of a saved model: those of a folder, or the entries of an archive.</summary>
internal sealed class StoredFiles
{
    private readonly Func<string, byte[]> _read;

    private StoredFiles(IReadOnlyDictionary<string, long> sizes, Func<string, byte[]> read) => (Sizes, _read) = (sizes, read);

    /// <summary>The sizes of the files in bytes, by name.</summary>
    public IReadOnlyDictionary<string, long> Sizes { get; }

    /// <summary>Opens a folder or an archive; null where there is neither.</summary>
    public static StoredFiles? Open(string path)
    {
        if (Directory.Exists(path))
        {
            return new StoredFiles(
                new DirectoryInfo(path).GetFiles("*", SearchOption.AllDirectories).OrderBy(file => file.FullName, StringComparer.Ordinal)
                    .ToDictionary(
                        file => Path.GetRelativePath(path, file.FullName).Replace(Path.DirectorySeparatorChar, '/'),
                        file => FileSize.Of(file.FullName)),
                name => File.ReadAllBytes(Path.Combine(path, name)));
        }
        (string Name, long Size)[] entries;
        try
        {
            using ZipArchive archive = ZipFile.OpenRead(path);
            entries = [.. archive.Entries.Select(entry => (entry.FullName, entry.Length))];
        }
        catch (InvalidDataException)
        {
            return null;
        }
        if (entries.CountBy(entry => entry.Name).FirstOrDefault(count => count.Value > 1).Key is { } twice)
            throw new InvalidDataException($"{path} is damaged: it has more than one entry named {twice}.");
        return new StoredFiles(entries.ToDictionary(entry => entry.Name, entry => entry.Size), name => Entry(path, name));
    }

    /// <summary>Whether there is a file.</summary>
    public bool Has(string name) => Sizes.ContainsKey(name);

    /// <summary>The bytes of a file.</summary>
    public byte[] Bytes(string name) => _read(name);

    /// <summary>A file as JSON.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public JsonElement Json(string name)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(Bytes(name));
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{name} is no JSON: {error.Message}", error);
        }
    }

    private static byte[] Entry(string path, string name)
    {
        using ZipArchive archive = ZipFile.OpenRead(path);
        using Stream entry = archive.GetEntry(name)!.Open();
        using var bytes = new MemoryStream();
        entry.CopyTo(bytes);
        return bytes.ToArray();
    }
}

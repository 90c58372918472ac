using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>
/// The file manifest.json of a saved model or checkpoint: the version of the format, and the length and SHA-256 of every other file, so
/// that nothing half-written or altered is read as whole.
/// </summary>
internal sealed class ModelManifest
{
    public const string Name = "manifest.json";

    private const string FormatField = "format", VersionField = "version", FilesField = "files", BytesField = "bytes", HashField = "sha256";
    private const string Format = "Microsoft.ML.MaskedDiffusion";
    private const int Version = 1;

    private readonly SortedDictionary<string, (long Bytes, string Hash)> _files = new(StringComparer.Ordinal);

    public IEnumerable<string> Files => _files.Keys;

    /// <summary>Lets <paramref name="write"/> write a file to a stream, and lists the file.</summary>
    public void Write(string name, Stream stream, Action<Stream> write)
    {
        using var hashing = new HashingStream(stream, leaveOpen: true);
        write(hashing);
        _files.Add(name, (hashing.Count, hashing.Hash));
    }

    /// <summary>The length of a file in bytes.</summary>
    /// <exception cref="InvalidDataException">The file is not listed.</exception>
    public long Length(string name, string source) => Find(name, source).Bytes;

    /// <summary>Compares what was read of a file, to its end, with what was saved.</summary>
    /// <exception cref="InvalidDataException">The file is not listed, or its content is not what was saved.</exception>
    public void Check(string name, string source, HashingStream read)
    {
        (long expectedBytes, string expectedHash) = Find(name, source);
        if (read.Count != expectedBytes)
        {
            throw new InvalidDataException(
                $"{source}, {name}: {read.Count} bytes were read, {expectedBytes} were saved; the file is cut off or altered.");
        }
        string found = read.Hash;
        if (found != expectedHash)
        {
            throw new InvalidDataException(
                $"{source}, {name}: the SHA-256 of the content is {found}, but {expectedHash} was saved; the file is altered. "
                + "Save it again, or fetch an intact copy.");
        }
    }

    public byte[] ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteString(FormatField, Format);
            json.WriteNumber(VersionField, Version);
            json.WriteStartObject(FilesField);
            foreach ((string name, (long bytes, string hash)) in _files)
            {
                json.WriteStartObject(name);
                json.WriteNumber(BytesField, bytes);
                json.WriteString(HashField, hash);
                json.WriteEndObject();
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }

    /// <summary>Reads the manifest of a folder.</summary>
    /// <exception cref="InvalidDataException">There is none, or it is not one of this version.</exception>
    public static ModelManifest ReadFolder(string folder)
    {
        string path = Path.Combine(folder, Name);
        return File.Exists(path) ? Read(File.ReadAllBytes(path), folder) : throw new InvalidDataException($"{folder} has no {Name}");
    }

    /// <exception cref="InvalidDataException">The content is not a manifest, or one of another version.</exception>
    public static ModelManifest Read(byte[] content, string source)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(content);
            JsonElement root = document.RootElement;
            if (root.GetProperty(FormatField).GetString() != Format)
                throw new FormatException($"\"{FormatField}\" is not \"{Format}\"");
            int version = root.GetProperty(VersionField).GetInt32();
            if (version != Version)
            {
                throw new FormatException(
                    $"it has version {version} of the format, and this version of the library reads version {Version}. Load it with the "
                    + "version that saved it.");
            }
            var manifest = new ModelManifest();
            foreach (JsonProperty file in root.GetProperty(FilesField).EnumerateObject())
            {
                long bytes = file.Value.GetProperty(BytesField).GetInt64();
                string hash = file.Value.GetProperty(HashField).GetString() ?? "";
                if (!IsInside(file.Name))
                    throw new FormatException($"{FaultList.Quote(file.Name)} is no name of a file in the folder");
                if (bytes < 0 || hash.Length != 2 * SHA256.HashSizeInBytes)
                    throw new FormatException($"{FaultList.Quote(file.Name)} has no length or no SHA-256");
                if (!manifest._files.TryAdd(file.Name, (bytes, hash)))
                    throw new FormatException($"{FaultList.Quote(file.Name)} is listed twice");
            }
            return manifest;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new InvalidDataException($"{source}, {Name}: {error.Message}", error);
        }
    }

    // A checkpoint's files are opened by these names, which may come from anybody.
    private static bool IsInside(string name) =>
        name.Split('/').All(part => part is not ("" or "." or "..") && part.AsSpan().IndexOfAny('\\', ':', '\0') < 0);

    private (long Bytes, string Hash) Find(string name, string source) =>
        _files.TryGetValue(name, out (long, string) file) ? file : throw new InvalidDataException($"{source}: {Name} lists no {name}.");
}

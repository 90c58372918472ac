using System.Security.Cryptography;
using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>
/// manifest.json of a saved model: the format's version, and length and SHA-256 of every other file, so that nothing half-written or
/// altered is read as whole.
/// </summary>
internal sealed class ModelManifest
{
    public const string Name = "manifest.json";
    private const string Format = "Microsoft.ML.MaskedDiffusion";
    private const int Version = 1;

    private readonly SortedDictionary<string, (long Bytes, string Hash)> _files = new(StringComparer.Ordinal);

    public IEnumerable<string> Files => _files.Keys;

    public void Add(string name, long bytes, byte[] hash) => _files.Add(name, (bytes, Convert.ToHexStringLower(hash)));

    public long Length(string name, string source) => Find(name, source).Bytes;

    /// <exception cref="InvalidDataException">The content read is not what was saved.</exception>
    public void Check(string name, string source, long bytes, byte[] hash)
    {
        (long expectedBytes, string expectedHash) = Find(name, source);
        if (bytes != expectedBytes)
            throw new InvalidDataException(
                $"{source}, {name}: {bytes} bytes were read, {expectedBytes} were saved; the file is cut off or altered.");
        string found = Convert.ToHexStringLower(hash);
        if (found != expectedHash)
            throw new InvalidDataException(
                $"{source}, {name}: the content's SHA-256 is {found}, saved was {expectedHash}; the file is altered.");
    }

    public byte[] Write()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteString("format", Format);
            json.WriteNumber("version", Version);
            json.WriteStartObject("files");
            foreach ((string name, (long bytes, string hash)) in _files)
            {
                json.WriteStartObject(name);
                json.WriteNumber("bytes", bytes);
                json.WriteString("sha256", hash);
                json.WriteEndObject();
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }

    public static ModelManifest Read(byte[] content, string source)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(content);
            JsonElement root = document.RootElement;
            if (root.GetProperty("format").GetString() != Format)
                throw new FormatException($"\"format\" is not \"{Format}\"");
            int version = root.GetProperty("version").GetInt32();
            if (version != Version)
                throw new FormatException(
                    $"version {version} of the format was written by another release of the library; this one reads version {Version}");
            var manifest = new ModelManifest();
            foreach (JsonProperty file in root.GetProperty("files").EnumerateObject())
            {
                long bytes = file.Value.GetProperty("bytes").GetInt64();
                string hash = file.Value.GetProperty("sha256").GetString() ?? "";
                if (bytes < 0 || hash.Length != 2 * SHA256.HashSizeInBytes)
                    throw new FormatException($"{FaultList.Quote(file.Name)} has no length and SHA-256");
                if (!manifest._files.TryAdd(file.Name, (bytes, hash)))
                    throw new FormatException($"{FaultList.Quote(file.Name)} stands twice");
            }
            return manifest;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new InvalidDataException($"{source}, {Name}: {error.Message}", error);
        }
    }

    private (long Bytes, string Hash) Find(string name, string source) =>
        _files.TryGetValue(name, out (long, string) file) ? file : throw new InvalidDataException($"{source}: {Name} lists no {name}.");
}

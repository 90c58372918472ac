using System.Buffers.Binary;
using System.Text.Json;
using Mdm.Data;
using Mdm.Output;

namespace Mdm.Inspection;

/// <summary>Knows .safetensors files: eight bytes with the length of a header in JSON, the header, and the numbers.</summary>
internal sealed class SafetensorsInspector : Inspector
{
    private const int LengthBytes = 8;

    /// <inheritdoc/>
    public override string Kind => ".safetensors file";

    /// <inheritdoc/>
    public override bool Knows(string path) => File.Exists(path) && Path.GetExtension(path) == ".safetensors";

    /// <inheritdoc/>
    public override IEnumerable<Field> Read(string path, ToolContext context)
    {
        long size = FileSize.Of(path);
        JsonElement header = ReadHeader(path, size);
        JsonProperty[] tensors = [.. header.EnumerateObject().Where(tensor => tensor.Name != "__metadata__")];
        Dictionary<string, string> shapes = tensors.ToDictionary(tensor => tensor.Name, tensor => Text(tensor.Value));
        Dictionary<string, string> metadata = header.TryGetProperty("__metadata__", out JsonElement found)
            ? found.EnumerateObject().ToDictionary(item => item.Name, item => item.Value.ToString()) : [];
        return
        [
            new("kind", ".safetensors file"),
            new("tensors", tensors.Length),
            new("parameters", tensors.Sum(tensor => Count(tensor.Value))),
            new("precision", tensors.Select(tensor => tensor.Value.GetProperty("dtype").GetString()!).Distinct().ToArray()),
            new("metadata", metadata),
            new("shapes", shapes),
            new("size", size, "bytes"),
        ];
    }

    private static JsonElement ReadHeader(string path, long size)
    {
        using FileStream file = File.OpenRead(path);
        Span<byte> length = stackalloc byte[LengthBytes];
        ulong bytes = file.ReadAtLeast(length, LengthBytes, false) == LengthBytes ? BinaryPrimitives.ReadUInt64LittleEndian(length) : 0;
        if (bytes is 0 or > int.MaxValue || (long)bytes > size - LengthBytes)
            throw new InvalidDataException($"{path} is cut off or is no .safetensors file: its header does not fit into its {size} bytes.");
        byte[] header = new byte[bytes];
        file.ReadExactly(header);
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(header);
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path} is no .safetensors file: its header is no JSON.", error);
        }
    }

    private static long Count(JsonElement tensor) =>
        tensor.GetProperty("shape").EnumerateArray().Aggregate(1L, (product, size) => product * size.GetInt64());

    private static string Text(JsonElement tensor) => $"{tensor.GetProperty("dtype")} {tensor.GetProperty("shape")}";
}

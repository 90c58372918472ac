using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>The element types of a safetensors file that this library reads. It writes F32, BF16, F16, I64 and I8.</summary>
internal enum SafetensorsType
{
    [JsonStringEnumMemberName("BOOL")]
    BOOL,
    [JsonStringEnumMemberName("U8")]
    U8,
    [JsonStringEnumMemberName("I8")]
    I8,
    [JsonStringEnumMemberName("I16")]
    I16,
    [JsonStringEnumMemberName("I32")]
    I32,
    [JsonStringEnumMemberName("I64")]
    I64,
    [JsonStringEnumMemberName("F16")]
    F16,
    [JsonStringEnumMemberName("BF16")]
    BF16,
    [JsonStringEnumMemberName("F32")]
    F32,
    [JsonStringEnumMemberName("F64")]
    F64,
}

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="Name">The tensor's name.</param>
/// <param name="Type">The type of its elements, which are stored row by row and little-endian.</param>
/// <param name="Shape">Its sizes; empty for a single number.</param>
/// <param name="Begin">Where its data begins, in bytes after the header.</param>
/// <param name="End">Where its data ends.</param>
internal sealed record SafetensorsEntry(string Name, SafetensorsType Type, long[] Shape, long Begin, long End)
{
    public long ByteCount => End - Begin;

    public long ElementCount => ByteCount / SizeOf(Type);

    public string ShapeText => $"[{string.Join(", ", Shape)}]";

    /// <summary>Bytes of one element.</summary>
    public static int SizeOf(SafetensorsType type) => type switch
    {
        SafetensorsType.BOOL or SafetensorsType.U8 or SafetensorsType.I8 => 1,
        SafetensorsType.F16 or SafetensorsType.BF16 or SafetensorsType.I16 => 2,
        SafetensorsType.F32 or SafetensorsType.I32 => 4,
        SafetensorsType.F64 or SafetensorsType.I64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "There is no such element type."),
    };
}

/// <summary>
/// The header of a safetensors file: 8 bytes of length, then JSON from tensor name to type, shape and data offsets. Whatever a file claims
/// is checked against its real length before anything is allocated or read.
/// </summary>
internal sealed class SafetensorsHeader
{
    private const int LengthBytes = 8;
    // The limit that the format itself sets.
    private const long MaximumLength = 100_000_000;

    private SafetensorsHeader(IReadOnlyList<SafetensorsEntry> entries, long dataOffset)
    {
        Entries = entries;
        DataOffset = dataOffset;
    }

    /// <summary>The tensors in the order of their data.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <summary>Where the data begins, from the start of the file.</summary>
    public long DataOffset { get; }

    public static SafetensorsHeader Read(Stream stream, string file, long fileLength)
    {
        Span<byte> prefix = stackalloc byte[LengthBytes];
        if (fileLength < LengthBytes)
        {
            throw new InvalidDataException(
                $"{file}: {fileLength} bytes are too few for a safetensors file, which begins with the header's length in 8 bytes.");
        }
        ReadFully(stream, prefix, file);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length < 2 || length > (ulong)Math.Min(MaximumLength, fileLength - LengthBytes))
        {
            throw new InvalidDataException(
                $"{file}: a header of {length} bytes does not fit into a file of {fileLength} bytes (the limit is "
                + $"{MaximumLength}); the file is cut off or not a safetensors file.");
        }
        byte[] json = new byte[length];
        ReadFully(stream, json, file);
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return Parse(document.RootElement, file, LengthBytes + (long)length, fileLength);
        }
        // JsonElement.GetString throws an InvalidOperationException for half a surrogate pair.
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"{file}: the header is not JSON as safetensors defines it: {error.Message}", error);
        }
    }

    internal static void ReadFully(Stream stream, Span<byte> destination, string what)
    {
        try
        {
            stream.ReadExactly(destination);
        }
        catch (EndOfStreamException error)
        {
            throw new InvalidDataException($"{what}: the data ends too early; the file is cut off.", error);
        }
    }

    private static SafetensorsHeader Parse(JsonElement root, string file, long dataOffset, long fileLength)
    {
        var faults = new FaultList(file);
        var entries = new List<SafetensorsEntry>();
        var names = new HashSet<string>();
        if (root.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException($"{file}: the header is a JSON {root.ValueKind}, not an object.");
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (!names.Add(property.Name))
                faults.Add($"{FaultList.Quote(property.Name)} appears twice in the header");
            else if (property.Name == "__metadata__")
                CheckMetadata(property.Value, faults);
            else if (ReadEntry(property, faults) is { } entry)
                entries.Add(entry);
        }
        // An empty tensor comes before the tensor that begins at the same place.
        entries.Sort((a, b) =>
        {
            int order = a.Begin.CompareTo(b.Begin);
            if (order == 0)
                order = a.End.CompareTo(b.End);
            return order != 0 ? order : string.CompareOrdinal(a.Name, b.Name);
        });
        long position = 0, dataLength = fileLength - dataOffset;
        foreach (SafetensorsEntry entry in entries)
        {
            string quoted = FaultList.Quote(entry.Name);
            if (entry.Begin < position)
                faults.Add($"tensor {quoted} begins at {entry.Begin}, inside the data of another that ends at {position}");
            else if (entry.Begin > position)
                faults.Add($"the bytes {position} to {entry.Begin} before tensor {quoted} belong to no tensor");
            position = Math.Max(position, entry.End);
        }
        if (position != dataLength)
            faults.Add($"the tensors need {position} bytes of data, but the file has {dataLength}");
        faults.ThrowIfAny();
        return new SafetensorsHeader(entries, dataOffset);
    }

    // Nothing is read from the metadata, but a file whose metadata is none was not written by this format's tools.
    private static void CheckMetadata(JsonElement value, FaultList faults)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            faults.Add($"__metadata__ is a JSON {value.ValueKind}, not an object");
            return;
        }
        var names = new HashSet<string>();
        foreach (JsonProperty item in value.EnumerateObject())
        {
            if (item.Value.ValueKind != JsonValueKind.String)
                faults.Add($"metadata {FaultList.Quote(item.Name)} is not a text");
            else if (!names.Add(item.Name))
                faults.Add($"metadata {FaultList.Quote(item.Name)} appears twice");
        }
    }

    private static SafetensorsEntry? ReadEntry(JsonProperty property, FaultList faults)
    {
        string name = property.Name, quoted = FaultList.Quote(name);
        JsonElement value = property.Value;
        if (value.ValueKind != JsonValueKind.Object
            || !value.EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal).SequenceEqual(["data_offsets", "dtype", "shape"]))
        {
            faults.Add($"tensor {quoted} is not described by exactly dtype, shape and data_offsets");
            return null;
        }
        JsonElement type = value.GetProperty("dtype");
        if (type.ValueKind != JsonValueKind.String || StoredEnum<SafetensorsType>.Find(type.GetString()) is not { } dtype)
        {
            string known = string.Join(", ", StoredEnum<SafetensorsType>.Names);
            faults.Add($"tensor {quoted} has the type {FaultList.Quote(type.ToString())}; known are {known}");
            return null;
        }
        long[]? shape = Numbers(value.GetProperty("shape")), offsets = Numbers(value.GetProperty("data_offsets"));
        if (shape is null || offsets is not { Length: 2 } || offsets[0] > offsets[1])
        {
            faults.Add($"tensor {quoted} has a shape or data_offsets that are not lists of sizes");
            return null;
        }
        Int128 bytes = SafetensorsEntry.SizeOf(dtype);
        foreach (long size in shape)
        {
            bytes *= size;
            if (bytes > long.MaxValue)
            {
                faults.Add($"tensor {quoted} has more elements than a file can hold");
                return null;
            }
        }
        if (bytes != (Int128)offsets[1] - offsets[0])
        {
            faults.Add($"tensor {quoted} of shape [{string.Join(", ", shape)}] and type {dtype} needs {bytes} bytes, "
                + $"its offsets give {offsets[1] - offsets[0]}");
            return null;
        }
        return new SafetensorsEntry(name, dtype, shape, offsets[0], offsets[1]);
    }

    private static long[]? Numbers(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > 64)
            return null;
        var numbers = new long[value.GetArrayLength()];
        for (int i = 0; i < numbers.Length; i++)
        {
            if (value[i].ValueKind != JsonValueKind.Number || !value[i].TryGetInt64(out numbers[i]) || numbers[i] < 0)
                return null;
        }
        return numbers;
    }
}

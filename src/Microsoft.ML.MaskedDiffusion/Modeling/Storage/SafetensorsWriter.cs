using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>Writes tensors of 32-bit floats, bfloat16, half precision, 64-bit and 8-bit integers as a safetensors file.</summary>
internal static unsafe class SafetensorsWriter
{
    private const int PieceBytes = 1 << 22;

    /// <summary>Writes a model's weights, with the note "format: pt" that other libraries look for.</summary>
    public static void WriteModel(Stream stream, IEnumerable<WrittenTensor> tensors) =>
        Write(stream, tensors, new Dictionary<string, string> { ["format"] = "pt" });

    /// <summary>The same with tensors that are there.</summary>
    public static void WriteModel(Stream stream, IEnumerable<KeyValuePair<string, Tensor>> tensors) =>
        WriteModel(stream, tensors.Select(item => WrittenTensor.Of(item.Key, item.Value)));

    /// <summary>Writes tensors that are there; otherwise as the other method.</summary>
    public static void Write(
        Stream stream, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        Write(stream, tensors.Select(item => WrittenTensor.Of(item.Key, item.Value)), metadata);

    /// <summary>The SHA-256 of parameters as a file of them would have it.</summary>
    public static string HashOf(IReadOnlyDictionary<string, Parameter> parameters)
    {
        using var hashing = new HashingStream(Stream.Null);
        Write(hashing, parameters.Select(item => KeyValuePair.Create(item.Key, (Tensor)item.Value)));
        return hashing.Hash;
    }

    /// <summary>
    /// Writes the tensors in the given order. Each is asked for when it is written, and tensors of another device are copied to the
    /// machine's memory then.
    /// </summary>
    /// <exception cref="ArgumentException">A tensor has another type, or a name is used twice or reserved.</exception>
    public static void Write(
        Stream stream, IEnumerable<WrittenTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        List<WrittenTensor> all = [.. tensors];
        byte[] header = Header(all, metadata);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (WrittenTensor tensor in all)
        {
            using var scope = NewDisposeScope();
            Tensor dense = tensor.Values().detach().cpu().contiguous();
            byte* bytes = TensorMemory.Address(dense, dense.dtype);
            long count = dense.NumberOfElements * dense.ElementSize;
            for (long at = 0; at < count; at += PieceBytes)
                stream.Write(new ReadOnlySpan<byte>(bytes + at, (int)Math.Min(PieceBytes, count - at)));
        }
    }

    private static byte[] Header(List<WrittenTensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        if (!BitConverter.IsLittleEndian)
            throw new PlatformNotSupportedException(
                "Safetensors files are little-endian and can only be written on a little-endian machine.");
        var names = new HashSet<string>();
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject("__metadata__");
                foreach ((string key, string value) in metadata)
                    json.WriteString(key, value);
                json.WriteEndObject();
            }
            long offset = 0;
            foreach ((string name, ScalarType type, long[] shape, _) in tensors)
            {
                if (!names.Add(name) || name == "__metadata__")
                    throw new ArgumentException($"The tensor name \"{name}\" is used twice or reserved.", nameof(tensors));
                json.WriteStartObject(name);
                json.WriteString("dtype", Name(name, type));
                json.WriteStartArray("shape");
                foreach (long size in shape)
                    json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                offset += shape.Aggregate(SizeOf(type), (size, count) => size * count);
                json.WriteNumberValue(offset);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        // Spaces fill the header up to a multiple of eight bytes, so that the data is aligned for readers that map the file into memory.
        byte[] header = new byte[(buffer.WrittenCount + 7) / 8 * 8];
        header.AsSpan().Fill((byte)' ');
        buffer.WrittenSpan.CopyTo(header);
        return header;
    }

    private static long SizeOf(ScalarType type) => type switch
    {
        ScalarType.Int64 => sizeof(long),
        ScalarType.Float32 => sizeof(float),
        ScalarType.Int8 => sizeof(sbyte),
        _ => sizeof(ushort),
    };

    private static string Name(string tensor, ScalarType type) => type switch
    {
        ScalarType.Float32 => StoredEnum<SafetensorsType>.NameOf(SafetensorsType.F32),
        ScalarType.BFloat16 => StoredEnum<SafetensorsType>.NameOf(SafetensorsType.BF16),
        ScalarType.Float16 => StoredEnum<SafetensorsType>.NameOf(SafetensorsType.F16),
        ScalarType.Int64 => StoredEnum<SafetensorsType>.NameOf(SafetensorsType.I64),
        ScalarType.Int8 => StoredEnum<SafetensorsType>.NameOf(SafetensorsType.I8),
        _ => throw new ArgumentException(
            $"Tensor \"{tensor}\" is of type {type}; Float32, BFloat16, Float16, Int64 and Int8 can be written.", nameof(type)),
    };
}

/// <summary>A tensor to be written.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Type">Its type.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Values">Makes it or fetches it.</param>
internal sealed record WrittenTensor(string Name, ScalarType Type, long[] Shape, Func<Tensor> Values)
{
    /// <summary>A tensor that is there.</summary>
    public static WrittenTensor Of(string name, Tensor tensor) => new(name, tensor.dtype, tensor.shape, () => tensor);
}

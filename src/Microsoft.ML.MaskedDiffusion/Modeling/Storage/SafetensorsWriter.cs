using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>Writes tensors of 32-bit floats, bfloat16, half precision and 64-bit integers as a safetensors file.</summary>
internal static unsafe class SafetensorsWriter
{
    private const int PieceBytes = 1 << 22;

    /// <summary>Writes a model's weights, with the note "format: pt" that other libraries look for.</summary>
    public static void WriteModel(Stream stream, IEnumerable<KeyValuePair<string, Tensor>> tensors) =>
        Write(stream, tensors, new Dictionary<string, string> { ["format"] = "pt" });

    /// <summary>
    /// Writes the tensors in the given order. Tensors of another device are copied to the machine's memory one at a time.
    /// </summary>
    /// <exception cref="ArgumentException">A tensor has another type, or a name is used twice or reserved.</exception>
    public static void Write(
        Stream stream, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        List<KeyValuePair<string, Tensor>> all = [.. tensors];
        byte[] header = Header(all, metadata);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach ((_, Tensor tensor) in all)
        {
            using var scope = NewDisposeScope();
            Tensor dense = tensor.detach().cpu().contiguous();
            byte* bytes = TensorMemory.Address(dense, dense.dtype);
            long count = dense.NumberOfElements * dense.ElementSize;
            for (long at = 0; at < count; at += PieceBytes)
                stream.Write(new ReadOnlySpan<byte>(bytes + at, (int)Math.Min(PieceBytes, count - at)));
        }
    }

    private static byte[] Header(List<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata)
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
            foreach ((string name, Tensor tensor) in tensors)
            {
                if (!names.Add(name) || name == "__metadata__")
                    throw new ArgumentException($"The tensor name \"{name}\" is used twice or reserved.", nameof(tensors));
                json.WriteStartObject(name);
                json.WriteString("dtype", Name(name, tensor.dtype));
                json.WriteStartArray("shape");
                foreach (long size in tensor.shape)
                    json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                offset += tensor.NumberOfElements * tensor.ElementSize;
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

    private static string Name(string tensor, ScalarType type) => type switch
    {
        ScalarType.Float32 => nameof(SafetensorsType.F32),
        ScalarType.BFloat16 => nameof(SafetensorsType.BF16),
        ScalarType.Float16 => nameof(SafetensorsType.F16),
        ScalarType.Int64 => nameof(SafetensorsType.I64),
        _ => throw new ArgumentException(
            $"Tensor \"{tensor}\" is of type {type}; Float32, BFloat16, Float16 and Int64 can be written.", nameof(type)),
    };
}

using System.Runtime.InteropServices;

namespace TorchSharp;

public static class TensorExtensionMethods
{
    public static int ElementSize(this torch.ScalarType type) => type switch
    {
        torch.ScalarType.Byte or torch.ScalarType.Int8 or torch.ScalarType.Bool => 1,
        torch.ScalarType.Int16 or torch.ScalarType.Float16 or torch.ScalarType.BFloat16 => 2,
        torch.ScalarType.Int32 or torch.ScalarType.Float32 => 4,
        torch.ScalarType.Int64 or torch.ScalarType.Float64 or torch.ScalarType.ComplexFloat32 => 8,
        torch.ScalarType.ComplexFloat64 => 16,
        _ => throw new NotImplementedException($"There is no element size for {type}."), // the published type
    };

    /// <summary>Writes type and shape, as LEB128 numbers, and then the bytes.</summary>
    public static void Save(this torch.Tensor tensor, BinaryWriter writer)
    {
        using torch.Tensor host = tensor.AsHost();
        long[] shape = host.shape;
        writer.Write7BitEncodedInt64((long)host.dtype);
        writer.Write7BitEncodedInt64(shape.Length);
        foreach (long size in shape)
            writer.Write7BitEncodedInt64(size);
        writer.Flush();
        host.WriteBytesToStream(writer.BaseStream);
    }

    /// <summary>Reads what <see cref="Save(torch.Tensor, BinaryWriter)"/> wrote.</summary>
    public static torch.Tensor Load(BinaryReader reader, bool skip = false)
    {
        var type = (torch.ScalarType)reader.Read7BitEncodedInt64();
        long[] shape = new long[reader.Read7BitEncodedInt64()];
        for (int i = 0; i < shape.Length; i++)
            shape[i] = reader.Read7BitEncodedInt64();
        if (skip)
        {
            reader.BaseStream.Seek(shape.TotalSize() * type.ElementSize(), SeekOrigin.Current);
            return null;
        }
        torch.Tensor tensor = torch.empty(shape, type);
        tensor.ReadBytesFromStream(reader.BaseStream);
        return tensor;
    }

    public static long TotalSize(this IEnumerable<long> shape) => shape.Aggregate(1L, (product, size) => product * size);

    public static float ToSingle(this torch.Tensor value) => Read<float>(value, torch.ScalarType.Float32);

    public static double ToDouble(this torch.Tensor value) => Read<double>(value, torch.ScalarType.Float64);

    public static int ToInt32(this torch.Tensor value) => Read<int>(value, torch.ScalarType.Int32);

    public static long ToInt64(this torch.Tensor value) => Read<long>(value, torch.ScalarType.Int64);

    public static bool ToBoolean(this torch.Tensor value) => Read<bool>(value, torch.ScalarType.Bool);

    private static T Read<T>(torch.Tensor value, torch.ScalarType type) where T : unmanaged
    {
        if (value.NumberOfElements != 1)
            throw new ArgumentException("Number of elements in the tensor must be 1");
        using torch.Tensor host = value.AsHost();
        using torch.Tensor converted = host.to(type);
        return MemoryMarshal.Read<T>(converted.bytes);
    }
}

using System.Runtime.InteropServices;

namespace TorchSharp;

// Tensors from arrays of any element type and rank.
public static partial class torch
{
    public static Tensor from_array(Array rawArray, Device device = default) => from_array(rawArray, null, device);

    public static Tensor from_array(Array rawArray, ScalarType? dtype, Device device = default, bool requires_grad = false, string[] names = default)
    {
        ScalarType type = TypeOf(rawArray);
        long[] shape = [.. Enumerable.Range(0, rawArray.Rank).Select(rawArray.GetLongLength)];
        using Tensor copy = empty(shape, type);
        Bytes(rawArray).CopyTo(copy.bytes);
        Tensor result = copy.to(dtype ?? type, device ?? CPU, copy: true);
        return Finish(result, requires_grad);
    }

    private static Span<byte> Bytes(Array array) =>
        MemoryMarshal.CreateSpan(ref MemoryMarshal.GetArrayDataReference(array), checked((int)(array.LongLength * TypeOf(array).ElementSize())));

    private static ScalarType TypeOf(Array array) => Type.GetTypeCode(array.GetType().GetElementType()) switch
    {
        TypeCode.Boolean => ScalarType.Bool,
        TypeCode.Byte => ScalarType.Byte,
        TypeCode.SByte => ScalarType.Int8,
        TypeCode.Int16 => ScalarType.Int16,
        TypeCode.Int32 => ScalarType.Int32,
        TypeCode.Int64 => ScalarType.Int64,
        TypeCode.Single => ScalarType.Float32,
        TypeCode.Double => ScalarType.Float64,
        _ when array is Half[] => ScalarType.Float16,
        _ => throw new NotSupportedException($"No tensor holds elements of type {array.GetType().GetElementType()}."),
    };
}

using System.Runtime.InteropServices;
using TorchSharp.Native;

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

    /// <summary>A tensor over the array's own memory: a change of one is a change of the other.</summary>
    public static unsafe Tensor frombuffer(Array rawArray, ScalarType dtype, long count = -1, long offset = 0, bool requires_grad = false)
    {
        int size = dtype.ElementSize();
        long available = rawArray.LongLength * TypeOf(rawArray).ElementSize() - offset;
        if (count < 0)
            count = available / size;
        if (offset < 0 || count == 0 || count * size > available)
            throw new ArgumentException($"{count} elements of {dtype} from byte {offset} on do not fit the array of {rawArray.LongLength} elements.");
        GCHandle pin = GCHandle.Alloc(rawArray, GCHandleType.Pinned);
        NativeLibraries.EnsureLoaded();
        int status = NativeMethods.shim_tensor_from_blob(pin.AddrOfPinnedObject() + (nint)offset, &count, 1, (int)dtype, &Unpin, (long)GCHandle.ToIntPtr(pin), out IntPtr handle);
        if (status != 0)
            pin.Free();
        NativeMethods.Check(status, "frombuffer");
        return Finish(Tensor.Adopt(handle), requires_grad);
    }

    [UnmanagedCallersOnly]
    private static void Unpin(long pin) => GCHandle.FromIntPtr((IntPtr)pin).Free();

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

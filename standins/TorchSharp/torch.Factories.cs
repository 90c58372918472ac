using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp.Native;

namespace TorchSharp;

// New tensors.
public static partial class torch
{
    public static Tensor zeros(long[] size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => Made("aten::zeros", size, dtype, device, requires_grad);

    public static Tensor zeros(long size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => zeros([size], dtype, device, requires_grad, names);

    public static Tensor zeros(long rows, long columns, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => zeros([rows, columns], dtype, device, requires_grad, names);

    public static Tensor zeros(long dim0, long dim1, long dim2, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => zeros([dim0, dim1, dim2], dtype, device, requires_grad, names);

    public static Tensor zeros(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => zeros([dim0, dim1, dim2, dim3], dtype, device, requires_grad, names);

    public static Tensor zeros_like(Tensor input, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => zeros(input.shape, dtype ?? input.dtype, device ?? input.device, requires_grad, names);

    public static Tensor ones(long[] size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => Made("aten::ones", size, dtype, device, requires_grad);

    public static Tensor ones(long size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => ones([size], dtype, device, requires_grad, names);

    public static Tensor ones(long rows, long columns, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => ones([rows, columns], dtype, device, requires_grad, names);

    public static Tensor ones(long dim0, long dim1, long dim2, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => ones([dim0, dim1, dim2], dtype, device, requires_grad, names);

    public static Tensor ones(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => ones([dim0, dim1, dim2, dim3], dtype, device, requires_grad, names);

    public static Tensor ones_like(Tensor input, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => ones(input.shape, dtype ?? input.dtype, device ?? input.device, requires_grad, names);

    public static Tensor empty(long[] size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => Made("aten::empty", size, dtype, device, requires_grad);

    public static Tensor empty(long size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => empty([size], dtype, device, requires_grad, names);

    public static Tensor empty(long rows, long columns, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => empty([rows, columns], dtype, device, requires_grad, names);

    public static Tensor empty(long dim0, long dim1, long dim2, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => empty([dim0, dim1, dim2], dtype, device, requires_grad, names);

    public static Tensor empty(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => empty([dim0, dim1, dim2, dim3], dtype, device, requires_grad, names);

    public static Tensor rand(long[] size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) => Drawn("aten::rand", size, generator, dtype, device, requires_grad);

    public static Tensor rand(long size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) => rand([size], dtype, device, requires_grad, generator, names);

    public static Tensor rand(long rows, long columns, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) => rand([rows, columns], dtype, device, requires_grad, generator, names);

    public static Tensor rand(long dim0, long dim1, long dim2, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) => rand([dim0, dim1, dim2], dtype, device, requires_grad, generator, names);

    public static Tensor rand(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) => rand([dim0, dim1, dim2, dim3], dtype, device, requires_grad, generator, names);

    public static Tensor randn(long[] size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) => Drawn("aten::randn", size, generator, dtype, device, requires_grad);

    public static Tensor randn(long size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) => randn([size], dtype, device, requires_grad, generator, names);

    public static Tensor randn(long rows, long columns, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) => randn([rows, columns], dtype, device, requires_grad, generator, names);

    public static Tensor randn(long dim0, long dim1, long dim2, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) => randn([dim0, dim1, dim2], dtype, device, requires_grad, generator, names);

    public static Tensor randn(long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) => randn([dim0, dim1, dim2, dim3], dtype, device, requires_grad, generator, names);

    public static Tensor randint(long high, long[] size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) => randint(0, high, size, dtype, device, requires_grad, generator, names);

    public static Tensor randint(long low, long high, long[] size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) => Finish(Operator.Call("aten::randint", "low_generator", low, high, size, generator, dtype ?? ScalarType.Int64, Arg.None, device), requires_grad);

    public static Tensor randperm(long n, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default) => Finish(Operator.Call("aten::randperm", "generator", n, generator, dtype ?? ScalarType.Int64, Arg.None, device), requires_grad);

    public static Tensor full(long[] size, Scalar value, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => Finish(Operator.Call("aten::full", "", size, value, dtype, Arg.None, device), requires_grad);

    public static Tensor full(long size, Scalar value, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => full([size], value, dtype, device, requires_grad, names);

    public static Tensor arange(Scalar start, Scalar stop, Scalar step, ScalarType? dtype = default, Device device = default, bool requires_grad = false) => Finish(Operator.Call("aten::arange", "start_step", start, stop, step, dtype, Arg.None, device), requires_grad);

    public static Tensor arange(Scalar start, Scalar stop, ScalarType? dtype = default, Device device = default, bool requires_grad = false) => Finish(Operator.Call("aten::arange", "start", start, stop, dtype, Arg.None, device), requires_grad);

    public static Tensor arange(Scalar stop, ScalarType? dtype = default, Device device = default, bool requires_grad = false) => Finish(Operator.Call("aten::arange", "", stop, dtype, Arg.None, device), requires_grad);

    public static Tensor eye(long rows, long columns = -1, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => Finish(Operator.Call("aten::eye", "m", rows, columns < 0 ? rows : columns, dtype, Arg.None, device), requires_grad);

    public static Tensor tensor(float[] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<float>(rawArray, [rawArray.Length], ScalarType.Float32, dtype, device, requires_grad);

    public static Tensor tensor(float[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<float>(rawArray, dimensions, ScalarType.Float32, dtype, device, requires_grad);

    public static Tensor tensor(float[,] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<byte, float>(ref MemoryMarshal.GetArrayDataReference(rawArray)), rawArray.Length), [rawArray.GetLength(0), rawArray.GetLength(1)], ScalarType.Float32, dtype, device, requires_grad);

    public static Tensor tensor(float[,,] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<byte, float>(ref MemoryMarshal.GetArrayDataReference(rawArray)), rawArray.Length), [rawArray.GetLength(0), rawArray.GetLength(1), rawArray.GetLength(2)], ScalarType.Float32, dtype, device, requires_grad);

    public static Tensor tensor(double[] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<double>(rawArray, [rawArray.Length], ScalarType.Float64, dtype, device, requires_grad);

    public static Tensor tensor(double[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<double>(rawArray, dimensions, ScalarType.Float64, dtype, device, requires_grad);

    public static Tensor tensor(double[,] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<byte, double>(ref MemoryMarshal.GetArrayDataReference(rawArray)), rawArray.Length), [rawArray.GetLength(0), rawArray.GetLength(1)], ScalarType.Float64, dtype, device, requires_grad);

    public static Tensor tensor(double[,,] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<byte, double>(ref MemoryMarshal.GetArrayDataReference(rawArray)), rawArray.Length), [rawArray.GetLength(0), rawArray.GetLength(1), rawArray.GetLength(2)], ScalarType.Float64, dtype, device, requires_grad);

    public static Tensor tensor(int[] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<int>(rawArray, [rawArray.Length], ScalarType.Int32, dtype, device, requires_grad);

    public static Tensor tensor(int[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<int>(rawArray, dimensions, ScalarType.Int32, dtype, device, requires_grad);

    public static Tensor tensor(int[,] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<byte, int>(ref MemoryMarshal.GetArrayDataReference(rawArray)), rawArray.Length), [rawArray.GetLength(0), rawArray.GetLength(1)], ScalarType.Int32, dtype, device, requires_grad);

    public static Tensor tensor(int[,,] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<byte, int>(ref MemoryMarshal.GetArrayDataReference(rawArray)), rawArray.Length), [rawArray.GetLength(0), rawArray.GetLength(1), rawArray.GetLength(2)], ScalarType.Int32, dtype, device, requires_grad);

    public static Tensor tensor(long[] dataArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<long>(dataArray, [dataArray.Length], ScalarType.Int64, dtype, device, requires_grad);

    public static Tensor tensor(long[] dataArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<long>(dataArray, dimensions, ScalarType.Int64, dtype, device, requires_grad);

    public static Tensor tensor(long[,] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<byte, long>(ref MemoryMarshal.GetArrayDataReference(rawArray)), rawArray.Length), [rawArray.GetLength(0), rawArray.GetLength(1)], ScalarType.Int64, dtype, device, requires_grad);

    public static Tensor tensor(long[,,] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<byte, long>(ref MemoryMarshal.GetArrayDataReference(rawArray)), rawArray.Length), [rawArray.GetLength(0), rawArray.GetLength(1), rawArray.GetLength(2)], ScalarType.Int64, dtype, device, requires_grad);

    public static Tensor tensor(bool[] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<bool>(rawArray, [rawArray.Length], ScalarType.Bool, dtype, device, requires_grad);

    public static Tensor tensor(bool[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<bool>(rawArray, dimensions, ScalarType.Bool, dtype, device, requires_grad);

    public static Tensor tensor(bool[,] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<byte, bool>(ref MemoryMarshal.GetArrayDataReference(rawArray)), rawArray.Length), [rawArray.GetLength(0), rawArray.GetLength(1)], ScalarType.Bool, dtype, device, requires_grad);

    public static Tensor tensor(bool[,,] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray(MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<byte, bool>(ref MemoryMarshal.GetArrayDataReference(rawArray)), rawArray.Length), [rawArray.GetLength(0), rawArray.GetLength(1), rawArray.GetLength(2)], ScalarType.Bool, dtype, device, requires_grad);

    public static Tensor tensor(byte[] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<byte>(rawArray, [rawArray.Length], ScalarType.Byte, dtype, device, requires_grad);

    public static Tensor tensor(byte[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<byte>(rawArray, dimensions, ScalarType.Byte, dtype, device, requires_grad);

    public static Tensor tensor(float scalar, Device device = default, bool requires_grad = false) => full([], scalar, ScalarType.Float32, device, requires_grad);

    public static Tensor tensor(int scalar, Device device = default, bool requires_grad = false) => full([], scalar, ScalarType.Int32, device, requires_grad);

    public static Tensor tensor(double scalar, ScalarType? dtype = default, Device device = default, bool requires_grad = false) => full([], scalar, dtype ?? ScalarType.Float64, device, requires_grad);

    public static Tensor tensor(long scalar, ScalarType? dtype = default, Device device = default, bool requires_grad = false) => full([], scalar, dtype ?? ScalarType.Int64, device, requires_grad);

    public static Tensor tensor(bool scalar, ScalarType? dtype = default, Device device = default, bool requires_grad = false) => full([], scalar, dtype ?? ScalarType.Bool, device, requires_grad);

    private static Tensor Made(string name, long[] size, ScalarType? type, Device device, bool requiresGrad) =>
        Finish(name == "aten::empty" ? Operator.Call(name, "memory_format", size, type, Arg.None, device) : Operator.Call(name, "", size, type, Arg.None, device), requiresGrad);

    private static Tensor Drawn(string name, long[] size, Generator generator, ScalarType? type, Device device, bool requiresGrad) =>
        Finish(Operator.Call(name, "generator", size, generator, type, Arg.None, device), requiresGrad);

    private static Tensor Finish(Tensor tensor, bool requiresGrad) => requiresGrad ? tensor.requires_grad_() : tensor;

    private static Tensor FromArray<T>(ReadOnlySpan<T> values, ReadOnlySpan<long> dimensions, ScalarType type, ScalarType? wanted, Device device, bool requiresGrad) where T : unmanaged
    {
        Tensor tensor = empty(dimensions.ToArray(), type);
        if (tensor.NumberOfElements != values.Length)
            throw new ArgumentException($"mismatched total size creating a tensor from an array: {tensor.NumberOfElements} vs. {values.Length}");
        MemoryMarshal.AsBytes(values).CopyTo(tensor.bytes);
        if ((wanted ?? type) != type || (device is not null && device.type != DeviceType.CPU))
            tensor = tensor.to(wanted ?? type, device ?? CPU, disposeAfter: true);
        return Finish(tensor, requiresGrad);
    }
}

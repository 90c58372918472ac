namespace TorchSharp;

// New tensors from numbers in lists and arrays.
public static partial class torch
{
    public static Tensor tensor(IList<bool> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<bool>([.. rawArray], dimensions, ScalarType.Bool, dtype, device, requires_grad);

    public static Tensor tensor(IList<bool> rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<bool>([.. rawArray], [rawArray.Count], ScalarType.Bool, dtype, device, requires_grad);

    public static Tensor tensor(IList<bool> rawArray, long rows, long columns, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<bool>([.. rawArray], [rows, columns], ScalarType.Bool, dtype, device, requires_grad);

    public static Tensor tensor(IList<bool> rawArray, long dim0, long dim1, long dim2, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<bool>([.. rawArray], [dim0, dim1, dim2], ScalarType.Bool, dtype, device, requires_grad);

    public static Tensor tensor(IList<bool> rawArray, long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<bool>([.. rawArray], [dim0, dim1, dim2, dim3], ScalarType.Bool, dtype, device, requires_grad);

    public static Tensor tensor(bool[,,,] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => from_array(rawArray, dtype, device, requires_grad);

    public static Tensor tensor(byte scalar, Device device = default, bool requires_grad = false) => full([], scalar, ScalarType.Byte, device, requires_grad);

    public static Tensor tensor(IList<byte> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<byte>([.. rawArray], dimensions, ScalarType.Byte, dtype, device, requires_grad);

    public static Tensor tensor(IList<byte> rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<byte>([.. rawArray], [rawArray.Count], ScalarType.Byte, dtype, device, requires_grad);

    public static Tensor tensor(IList<byte> rawArray, long rows, long columns, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<byte>([.. rawArray], [rows, columns], ScalarType.Byte, dtype, device, requires_grad);

    public static Tensor tensor(IList<byte> rawArray, long dim0, long dim1, long dim2, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<byte>([.. rawArray], [dim0, dim1, dim2], ScalarType.Byte, dtype, device, requires_grad);

    public static Tensor tensor(IList<byte> rawArray, long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<byte>([.. rawArray], [dim0, dim1, dim2, dim3], ScalarType.Byte, dtype, device, requires_grad);

    public static Tensor tensor(byte[,] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => from_array(rawArray, dtype, device, requires_grad);

    public static Tensor tensor(byte[,,] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => from_array(rawArray, dtype, device, requires_grad);

    public static Tensor tensor(byte[,,,] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => from_array(rawArray, dtype, device, requires_grad);

    public static Tensor tensor(IList<double> rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<double>([.. rawArray], [rawArray.Count], ScalarType.Float64, dtype, device, requires_grad);

    public static Tensor tensor(IList<double> rawArray, long rows, long columns, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<double>([.. rawArray], [rows, columns], ScalarType.Float64, dtype, device, requires_grad);

    public static Tensor tensor(IList<double> rawArray, long dim0, long dim1, long dim2, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<double>([.. rawArray], [dim0, dim1, dim2], ScalarType.Float64, dtype, device, requires_grad);

    public static Tensor tensor(IList<double> rawArray, long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<double>([.. rawArray], [dim0, dim1, dim2, dim3], ScalarType.Float64, dtype, device, requires_grad);

    public static Tensor tensor(double[,,,] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => from_array(rawArray, dtype, device, requires_grad);

    public static Tensor tensor(IList<float> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<float>([.. rawArray], dimensions, ScalarType.Float32, dtype, device, requires_grad);

    public static Tensor tensor(IList<float> rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<float>([.. rawArray], [rawArray.Count], ScalarType.Float32, dtype, device, requires_grad);

    public static Tensor tensor(IList<float> rawArray, long rows, long columns, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<float>([.. rawArray], [rows, columns], ScalarType.Float32, dtype, device, requires_grad);

    public static Tensor tensor(IList<float> rawArray, long dim0, long dim1, long dim2, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<float>([.. rawArray], [dim0, dim1, dim2], ScalarType.Float32, dtype, device, requires_grad);

    public static Tensor tensor(IList<float> rawArray, long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<float>([.. rawArray], [dim0, dim1, dim2, dim3], ScalarType.Float32, dtype, device, requires_grad);

    public static Tensor tensor(float[,,,] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => from_array(rawArray, dtype, device, requires_grad);

    public static Tensor tensor(IList<Half> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<Half>([.. rawArray], dimensions, ScalarType.Float16, dtype, device, requires_grad);

    public static Tensor tensor(Half[] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<Half>(rawArray, [rawArray.Length], ScalarType.Float16, dtype, device, requires_grad);

    public static Tensor tensor(Half[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<Half>(rawArray, dimensions, ScalarType.Float16, dtype, device, requires_grad);

    public static Tensor tensor(IList<Half> rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<Half>([.. rawArray], [rawArray.Count], ScalarType.Float16, dtype, device, requires_grad);

    public static Tensor tensor(IList<Half> rawArray, long rows, long columns, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<Half>([.. rawArray], [rows, columns], ScalarType.Float16, dtype, device, requires_grad);

    public static Tensor tensor(IList<Half> rawArray, long dim0, long dim1, long dim2, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<Half>([.. rawArray], [dim0, dim1, dim2], ScalarType.Float16, dtype, device, requires_grad);

    public static Tensor tensor(IList<Half> rawArray, long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<Half>([.. rawArray], [dim0, dim1, dim2, dim3], ScalarType.Float16, dtype, device, requires_grad);

    public static Tensor tensor(Half[,] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => from_array(rawArray, dtype, device, requires_grad);

    public static Tensor tensor(Half[,,] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => from_array(rawArray, dtype, device, requires_grad);

    public static Tensor tensor(Half[,,,] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => from_array(rawArray, dtype, device, requires_grad);

    public static Tensor tensor(IList<int> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<int>([.. rawArray], dimensions, ScalarType.Int32, dtype, device, requires_grad);

    public static Tensor tensor(IList<int> rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<int>([.. rawArray], [rawArray.Count], ScalarType.Int32, dtype, device, requires_grad);

    public static Tensor tensor(IList<int> rawArray, long rows, long columns, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<int>([.. rawArray], [rows, columns], ScalarType.Int32, dtype, device, requires_grad);

    public static Tensor tensor(IList<int> rawArray, long dim0, long dim1, long dim2, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<int>([.. rawArray], [dim0, dim1, dim2], ScalarType.Int32, dtype, device, requires_grad);

    public static Tensor tensor(int[] rawArray, long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<int>(rawArray, [dim0, dim1, dim2, dim3], ScalarType.Int32, dtype, device, requires_grad);

    public static Tensor tensor(int[,,,] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => from_array(rawArray, dtype, device, requires_grad);

    public static Tensor tensor(IList<long> rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<long>([.. rawArray], dimensions, ScalarType.Int64, dtype, device, requires_grad);

    public static Tensor tensor(IList<long> rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<long>([.. rawArray], [rawArray.Count], ScalarType.Int64, dtype, device, requires_grad);

    public static Tensor tensor(IList<long> rawArray, long rows, long columns, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<long>([.. rawArray], [rows, columns], ScalarType.Int64, dtype, device, requires_grad);

    public static Tensor tensor(IList<long> rawArray, long dim0, long dim1, long dim2, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<long>([.. rawArray], [dim0, dim1, dim2], ScalarType.Int64, dtype, device, requires_grad);

    public static Tensor tensor(IList<long> rawArray, long dim0, long dim1, long dim2, long dim3, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => FromArray<long>([.. rawArray], [dim0, dim1, dim2, dim3], ScalarType.Int64, dtype, device, requires_grad);

    public static Tensor tensor(long[,,,] rawArray, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => from_array(rawArray, dtype, device, requires_grad);
}

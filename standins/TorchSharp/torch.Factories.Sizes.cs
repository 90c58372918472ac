namespace TorchSharp;

// New tensors whose size is given in other ways.
public static partial class torch
{
    public static Tensor empty(ReadOnlySpan<long> size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => empty(size.ToArray(), dtype, device, requires_grad, names);

    public static Tensor empty(int size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => empty(new long[] { size }, dtype, device, requires_grad, names);

    public static Tensor empty(int rows, int columns, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => empty(new long[] { rows, columns }, dtype, device, requires_grad, names);

    public static Tensor empty(int dim0, int dim1, int dim2, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => empty(new long[] { dim0, dim1, dim2 }, dtype, device, requires_grad, names);

    public static Tensor empty(int dim0, int dim1, int dim2, int dim3, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => empty(new long[] { dim0, dim1, dim2, dim3 }, dtype, device, requires_grad, names);

    public static Tensor full(ReadOnlySpan<long> size, Scalar value, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => full(size.ToArray(), value, dtype, device, requires_grad, names);

    public static Tensor full(long rows, long columns, Scalar value, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => full(new long[] { rows, columns }, value, dtype, device, requires_grad, names);

    public static Tensor full(long dim0, long dim1, long dim2, Scalar value, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => full(new long[] { dim0, dim1, dim2 }, value, dtype, device, requires_grad, names);

    public static Tensor full(long dim0, long dim1, long dim2, long dim3, Scalar value, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => full(new long[] { dim0, dim1, dim2, dim3 }, value, dtype, device, requires_grad, names);

    public static Tensor full(int size, Scalar value, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => full(new long[] { size }, value, dtype, device, requires_grad, names);

    public static Tensor full(int rows, int columns, Scalar value, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => full(new long[] { rows, columns }, value, dtype, device, requires_grad, names);

    public static Tensor full(int dim0, int dim1, int dim2, Scalar value, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => full(new long[] { dim0, dim1, dim2 }, value, dtype, device, requires_grad, names);

    public static Tensor full(int dim0, int dim1, int dim2, int dim3, Scalar value, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => full(new long[] { dim0, dim1, dim2, dim3 }, value, dtype, device, requires_grad, names);

    public static Tensor ones(ReadOnlySpan<long> size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => ones(size.ToArray(), dtype, device, requires_grad, names);

    public static Tensor ones(int size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => ones(new long[] { size }, dtype, device, requires_grad, names);

    public static Tensor ones(int rows, int columns, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => ones(new long[] { rows, columns }, dtype, device, requires_grad, names);

    public static Tensor ones(int dim0, int dim1, int dim2, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => ones(new long[] { dim0, dim1, dim2 }, dtype, device, requires_grad, names);

    public static Tensor ones(int dim0, int dim1, int dim2, int dim3, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => ones(new long[] { dim0, dim1, dim2, dim3 }, dtype, device, requires_grad, names);

    public static Tensor rand(ReadOnlySpan<long> size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) => rand(size.ToArray(), dtype, device, requires_grad, generator, names);

    public static Tensor rand(int size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) => rand(new long[] { size }, dtype, device, requires_grad, generator, names);

    public static Tensor rand(int rows, int columns, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) => rand(new long[] { rows, columns }, dtype, device, requires_grad, generator, names);

    public static Tensor rand(int dim0, int dim1, int dim2, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) => rand(new long[] { dim0, dim1, dim2 }, dtype, device, requires_grad, generator, names);

    public static Tensor rand(int dim0, int dim1, int dim2, int dim3, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) => rand(new long[] { dim0, dim1, dim2, dim3 }, dtype, device, requires_grad, generator, names);

    public static Tensor randn(ReadOnlySpan<long> size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) => randn(size.ToArray(), dtype, device, requires_grad, generator, names);

    public static Tensor randn(int size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) => randn(new long[] { size }, dtype, device, requires_grad, generator, names);

    public static Tensor randn(int rows, int columns, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) => randn(new long[] { rows, columns }, dtype, device, requires_grad, generator, names);

    public static Tensor randn(int dim0, int dim1, int dim2, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) => randn(new long[] { dim0, dim1, dim2 }, dtype, device, requires_grad, generator, names);

    public static Tensor randn(int dim0, int dim1, int dim2, int dim3, ScalarType? dtype = default, Device device = default, bool requires_grad = false, Generator generator = default, string[] names = default) => randn(new long[] { dim0, dim1, dim2, dim3 }, dtype, device, requires_grad, generator, names);

    public static Tensor zeros(ReadOnlySpan<long> size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => zeros(size.ToArray(), dtype, device, requires_grad, names);

    public static Tensor zeros(int size, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => zeros(new long[] { size }, dtype, device, requires_grad, names);

    public static Tensor zeros(int rows, int columns, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => zeros(new long[] { rows, columns }, dtype, device, requires_grad, names);

    public static Tensor zeros(int dim0, int dim1, int dim2, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => zeros(new long[] { dim0, dim1, dim2 }, dtype, device, requires_grad, names);

    public static Tensor zeros(int dim0, int dim1, int dim2, int dim3, ScalarType? dtype = default, Device device = default, bool requires_grad = false, string[] names = default) => zeros(new long[] { dim0, dim1, dim2, dim3 }, dtype, device, requires_grad, names);
}

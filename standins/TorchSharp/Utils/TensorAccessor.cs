using System.Collections;
using System.Runtime.InteropServices;

namespace TorchSharp.Utils;

/// <summary>Reads and writes the elements of a tensor on the CPU, in row-major order whatever its strides.</summary>
public sealed class TensorAccessor<T> : IDisposable, IEnumerable<T> where T : unmanaged
{
    private readonly torch.Tensor _tensor;

    internal TensorAccessor(torch.Tensor tensor)
    {
        CheckType(tensor.dtype);
        if (tensor.device_type != DeviceType.CPU)
            throw new InvalidOperationException("Reading data from non-CPU memory is not supported. Move or copy the tensor to the cpu before reading.");
        _tensor = tensor.alias();
        _tensor.DetachFromDisposeScope();
    }

    public long Count => _tensor.NumberOfElements;

    public bool IsReadOnly => false;

    public T this[params long[] indices]
    {
        get => Memory()[Offset(indices)];
        set => Memory()[Offset(indices)] = value;
    }

    public T[] ToArray()
    {
        T[] array = new T[Count];
        CopyTo(array);
        return array;
    }

    public void CopyTo(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyTo(array.AsSpan(), arrayIndex, tensorIndex);

    public void CopyTo(Span<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        using torch.Tensor host = _tensor.AsHost();
        ReadOnlySpan<T> source = MemoryMarshal.Cast<byte, T>(host.bytes)[(int)tensorIndex..];
        source[..Math.Min(source.Length, array.Length - arrayIndex)].CopyTo(array[arrayIndex..]);
    }

    public void CopyFrom(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyFrom((ReadOnlySpan<T>)array, arrayIndex, tensorIndex);

    public void CopyFrom(ReadOnlySpan<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        if (!_tensor.is_contiguous())
            throw new NotSupportedException("Only a contiguous tensor can be written as a whole.");
        Span<T> target = MemoryMarshal.Cast<byte, T>(_tensor.bytes)[(int)tensorIndex..];
        ReadOnlySpan<T> source = array[arrayIndex..];
        source[..Math.Min(source.Length, target.Length)].CopyTo(target);
    }

    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)ToArray()).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public void Dispose() => _tensor.Dispose();

    internal static void CheckType(torch.ScalarType type)
    {
        bool fits = type switch
        {
            torch.ScalarType.Byte => typeof(T) == typeof(byte),
            torch.ScalarType.Int8 => typeof(T) == typeof(sbyte),
            torch.ScalarType.Int16 => typeof(T) == typeof(short),
            torch.ScalarType.Int32 => typeof(T) == typeof(int),
            torch.ScalarType.Int64 => typeof(T) == typeof(long),
            torch.ScalarType.Float16 => typeof(T) == typeof(Half),
            torch.ScalarType.Float32 => typeof(T) == typeof(float),
            torch.ScalarType.Float64 => typeof(T) == typeof(double),
            torch.ScalarType.Bool => typeof(T) == typeof(bool),
            torch.ScalarType.BFloat16 => typeof(T) == typeof(ushort),
            _ => false,
        };
        if (!fits)
            throw new ArgumentException($"{typeof(T)} is not compatible with {type}");
    }

    private unsafe Span<T> Memory()
    {
        Native.NativeMethods.Check(Native.NativeMethods.shim_tensor_data(_tensor.Handle, out IntPtr data), "data_ptr");
        long last = 0;
        long[] shape = _tensor.shape, stride = _tensor.stride();
        for (int i = 0; i < shape.Length; i++)
            last += (shape[i] - 1) * stride[i];
        return new Span<T>((void*)data, checked((int)last + 1));
    }

    private int Offset(long[] indices)
    {
        long[] shape = _tensor.shape, stride = _tensor.stride();
        if (indices.Length != shape.Length)
            throw new ArgumentException($"{indices.Length} indices for {shape.Length} dimensions.");
        long offset = 0;
        for (int i = 0; i < indices.Length; i++)
        {
            if (indices[i] < 0 || indices[i] >= shape[i])
                throw new IndexOutOfRangeException();
            offset += indices[i] * stride[i];
        }
        return (int)offset;
    }
}

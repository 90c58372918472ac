using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Memory;

/// <summary>The memory behind a contiguous tensor of the processor, for kernels. The caller keeps the tensor alive.</summary>
internal static unsafe class TensorMemory
{
    public static float* Floats(Tensor tensor) => (float*)Address(tensor, ScalarType.Float32);

    /// <summary>Whether <see cref="Floats"/> and the kernels apply.</summary>
    public static bool IsFast(Tensor tensor) => tensor.dtype == ScalarType.Float32 && tensor.device_type == DeviceType.CPU;

    public static Span<float> FloatSpan(Tensor tensor) => new(Floats(tensor), checked((int)tensor.NumberOfElements));

    /// <summary>Sets all floats of the tensor to zero on our own threads.</summary>
    public static void Clear(Tensor tensor) => Clear(Floats(tensor), tensor.NumberOfElements);

    /// <summary>Sets so many floats to zero on our own threads.</summary>
    public static void Clear(float* values, long count)
    {
        const int Piece = 1 << 16;
        Workers.Rows(count, Piece, (first, last) => new Span<float>(values + first, (int)(last - first)).Clear());
    }

    public static byte* Address(Tensor tensor, ScalarType type)
    {
        if (tensor.dtype != type || tensor.device_type != DeviceType.CPU || !tensor.is_contiguous())
            throw new ArgumentException(
                $"A contiguous {type} tensor on the processor is needed, not {tensor.dtype} on {tensor.device}.", nameof(tensor));
        if (tensor.NumberOfElements == 0)
            return null;
        if (tensor.NumberOfElements * tensor.ElementSize <= int.MaxValue)
            return (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));
        // A span holds at most 2 GB, so the address of a larger one is taken from a view of its first element.
        using Tensor detached = tensor.detach();
        using Tensor flat = detached.view(-1);
        using Tensor first = flat.narrow(0, 0, 1);
        return (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(first.bytes));
    }
}

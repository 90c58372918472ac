using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Kernels;

/// <summary>Random numbers that a kernel and torch's operator both read: a tensor and its address.</summary>
internal sealed unsafe class NativeArray : IDisposable
{
    public NativeArray(params long[] shape)
    {
        NativeRuntime.EnsureLoaded();
        Tensor = randn(shape, dtype: ScalarType.Float32);
        Tensor.DetachFromDisposeScope();
    }

    /// <summary>The numbers as torch sees them.</summary>
    public Tensor Tensor { get; }

    /// <summary>The numbers as a kernel sees them.</summary>
    public float* Floats => TensorMemory.Floats(Tensor);

    public void Dispose() => Tensor.Dispose();
}

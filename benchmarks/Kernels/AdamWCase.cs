using BenchmarkDotNet.Attributes;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Kernels;

/// <summary>One AdamW step of four million weights.</summary>
public unsafe class AdamWCase
{
    private const int Count = 1 << 22;
    private const double Rate = 1e-6;

    private readonly NativeArray _weights = new(Count);
    private readonly NativeArray _gradient = new(Count);
    private readonly NativeArray _mean = new(Count);
    private readonly NativeArray _square = new(Count);
    private readonly optim.Optimizer _optimizer;
    private long _step;

    /// <summary>Makes torch's optimizer.</summary>
    public AdamWCase()
    {
        _square.Tensor.abs_();
        var parameter = new Parameter(_weights.Tensor.clone());
        parameter.grad = _gradient.Tensor.clone();
        _optimizer = optim.AdamW([parameter], Rate, 0.9, 0.95, 1e-8, 0.1);
    }

    /// <summary>torch's.</summary>
    [Benchmark(Baseline = true)]
    public void Torch()
    {
        using var scope = NewDisposeScope();
        _optimizer.step();
    }

    /// <summary>This library's.</summary>
    [Benchmark]
    public void Ours() => AdamWKernel.Step(
        _weights.Floats, _gradient.Floats, _mean.Floats, _square.Floats, Count, Rate, 0.9, 0.95, 1e-8, 0.1, ++_step);
}

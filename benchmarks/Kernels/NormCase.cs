using BenchmarkDotNet.Attributes;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Kernels;

/// <summary>RMSNorm of 2,048 tokens of 384, forward. torch has no operator of this name here: it is composed of four.</summary>
public unsafe class NormCase
{
    private const int Tokens = 2048;
    private const int Width = 384;
    private const double Epsilon = 1e-5;

    private readonly NativeArray _x = new(Tokens, Width);
    private readonly NativeArray _gain = new(Width);
    private readonly NativeArray _y = new(Tokens, Width);
    private readonly NativeArray _scale = new(Tokens);

    /// <summary>torch's operators.</summary>
    [Benchmark(Baseline = true)]
    public void Torch()
    {
        using var scope = NewDisposeScope();
        Tensor x = _x.Tensor;
        _ = x * ((x * x).mean([-1], keepdim: true) + Epsilon).rsqrt() * _gain.Tensor;
    }

    /// <summary>This library's.</summary>
    [Benchmark]
    public void Ours() => NormKernels.Forward(_x.Floats, _gain.Floats, Epsilon, _y.Floats, _scale.Floats, Tokens, Width);
}

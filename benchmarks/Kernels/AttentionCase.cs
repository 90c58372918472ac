using BenchmarkDotNet.Attributes;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Kernels;

/// <summary>Attention of six heads of 64 on 2,048 tokens, forward.</summary>
public unsafe class AttentionCase
{
    private const int Tokens = 2048;
    private const int Heads = 6;
    private const int Size = 64;

    private readonly NativeArray _qkv = new(Tokens, Heads, 3 * Size);
    private readonly NativeArray _y = new(Tokens, Heads, Size);

    /// <summary>Tokens of a sequence.</summary>
    [Params(256, 1024)]
    public int Length { get; set; } = 256;

    /// <summary>torch's fused attention on views of the projection.</summary>
    [Benchmark(Baseline = true)]
    public void Torch()
    {
        using var scope = NewDisposeScope();
        Tensor qkv = _qkv.Tensor.view(Tokens / Length, Length, Heads, 3 * Size);
        Tensor Part(int part) => qkv.narrow(3, part * Size, Size).transpose(1, 2);
        nn.functional.scaled_dot_product_attention(Part(0), Part(1), Part(2));
    }

    /// <summary>This library's.</summary>
    [Benchmark]
    public void Ours() => AttentionKernels.Forward(
        _qkv.Floats, _y.Floats, null, Tokens / Length, Length, new HeadLayout(Heads, Heads, Size), new AttentionReach(IsCausal: false));
}

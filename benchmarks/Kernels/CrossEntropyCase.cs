using BenchmarkDotNet.Attributes;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Kernels;

/// <summary>Cross-entropy of 512 rows of 32,000 logits, forward.</summary>
public unsafe class CrossEntropyCase
{
    private const int Rows = 512;
    private const int Vocabulary = 32000;

    private readonly NativeArray _logits = new(Rows, Vocabulary);
    private readonly NativeArray _losses = new(Rows);
    private readonly NativeArray _logSums = new(Rows);
    private readonly long[] _ids = [.. Enumerable.Range(0, Rows).Select(row => row * 61L)];
    private readonly Tensor _targets;

    /// <summary>Makes the targets.</summary>
    public CrossEntropyCase() => _targets = tensor(_ids).DetachFromDisposeScope();

    /// <summary>torch's.</summary>
    [Benchmark(Baseline = true)]
    public void Torch()
    {
        using var scope = NewDisposeScope();
        nn.functional.cross_entropy(_logits.Tensor, _targets, reduction: nn.Reduction.None);
    }

    /// <summary>This library's.</summary>
    [Benchmark]
    public void Ours()
    {
        fixed (long* targets = _ids)
        {
            CrossEntropyKernels.Forward(_logits.Floats, targets, _losses.Floats, _logSums.Floats, Rows, Vocabulary);
        }
    }
}

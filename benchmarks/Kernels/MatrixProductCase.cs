using BenchmarkDotNet.Attributes;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Kernels;

/// <summary>The products of a feed forward layer of 384 to 1,536 on 2,048 tokens: 2.4 billion operations each.</summary>
public unsafe class MatrixProductCase
{
    private const int Tokens = 2048;
    private const int Width = 384;
    private const int Inner = 1536;

    private readonly NativeArray _x = new(Tokens, Width);
    private readonly NativeArray _weight = new(Inner, Width);
    private readonly NativeArray _gradient = new(Tokens, Inner);
    private readonly NativeArray _result = new(Tokens, Inner);

    /// <summary>Which of the three products of a training step.</summary>
    [Params("forward", "inputs' gradient", "weights' gradient")]
    public string Product { get; set; } = "forward";

    /// <summary>torch's.</summary>
    [Benchmark(Baseline = true)]
    public void Torch()
    {
        using var scope = NewDisposeScope();
        _ = Multiply(operand => operand);
    }

    /// <summary>torch's of operands rounded to bfloat16, rounding and the result's way back to 32 bits included.</summary>
    [Benchmark]
    public void TorchBFloat16()
    {
        using var scope = NewDisposeScope();
        _ = Multiply(operand => operand.bfloat16()).to(ScalarType.Float32);
    }

    /// <summary>This library's.</summary>
    [Benchmark]
    public void Ours() => Multiply(rounded: false);

    /// <summary>This library's of operands rounded to bfloat16, as in a training in mixed precision.</summary>
    [Benchmark]
    public void OursBFloat16() => Multiply(rounded: true);

    private void Multiply(bool rounded)
    {
        float* x = _x.Floats, w = _weight.Floats, g = _gradient.Floats, y = _result.Floats;
        if (Product == "forward")
            MatrixProduct.Multiply(Tokens, Inner, Width, x, Width, false, w, Width, true, y, Inner, rounded: rounded);
        else if (Product == "inputs' gradient")
            MatrixProduct.Multiply(Tokens, Width, Inner, g, Inner, false, w, Width, false, y, Width, rounded: rounded);
        else
            MatrixProduct.Multiply(Inner, Width, Tokens, g, Inner, true, x, Width, false, y, Width, rounded: rounded);
    }

    private Tensor Multiply(Func<Tensor, Tensor> operand) => Product switch
    {
        "forward" => nn.functional.linear(operand(_x.Tensor), operand(_weight.Tensor)),
        "inputs' gradient" => operand(_gradient.Tensor).mm(operand(_weight.Tensor)),
        _ => operand(_gradient.Tensor).t().mm(operand(_x.Tensor)),
    };
}

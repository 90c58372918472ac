using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling;

/// <summary>
/// Matrices as 8-bit integers with a scale for each row: its largest magnitude divided by 127. A number is its integer times the scale of
/// its row, in 32 bits.
/// </summary>
internal static unsafe class QuantizedRows
{
    /// <summary>Rounds the rows of a matrix [n, k] of finite numbers; the results are on the processor.</summary>
    public static (Tensor Numbers, Tensor Scales) Of(Tensor matrix)
    {
        using var scope = NewDisposeScope();
        Tensor wide = matrix.detach().to(ScalarType.Float32, CPU).contiguous();
        Tensor numbers = empty(wide.shape, ScalarType.Int8), scales = empty(wide.size(0), dtype: ScalarType.Float32);
        Int8Kernels.Quantize(
            TensorMemory.Floats(wide), (sbyte*)TensorMemory.Address(numbers, ScalarType.Int8), TensorMemory.Floats(scales), wide.size(0),
            (int)wide.size(1));
        return (numbers.MoveToOuterDisposeScope(), scales.MoveToOuterDisposeScope());
    }

    /// <summary>The matrix [n, k] of 32-bit floats that integers [n, k] and scales [n] stand for.</summary>
    public static Tensor Widen(Tensor numbers, Tensor scales)
    {
        using var scope = NewDisposeScope();
        return numbers.to(ScalarType.Float32).mul(scales.unsqueeze(1)).MoveToOuterDisposeScope();
    }
}

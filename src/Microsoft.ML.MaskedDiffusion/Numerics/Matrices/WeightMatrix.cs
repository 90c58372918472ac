using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Matrices;

/// <summary>
/// Where the rows of a matrix of weights [n, k] lie: 32-bit floats, or bfloat16 numbers, which products widen a piece at a time. Every
/// bfloat16 number is a 32-bit float too, so that a product has the same bits in either form. The caller keeps the memory alive.
/// </summary>
internal readonly unsafe struct WeightMatrix
{
    private readonly void* _rows;

    private WeightMatrix(void* rows, bool isNarrow)
    {
        _rows = rows;
        IsNarrow = isNarrow;
    }

    /// <summary>Rows of bfloat16 numbers.</summary>
    public WeightMatrix(ushort* rows)
        : this(rows, isNarrow: true)
    {
    }

    /// <summary>Whether the numbers are bfloat16.</summary>
    public bool IsNarrow { get; }

    /// <summary>The rows of 32-bit floats.</summary>
    /// <exception cref="InvalidOperationException">The numbers are bfloat16.</exception>
    public float* Floats =>
        !IsNarrow ? (float*)_rows : throw new InvalidOperationException("The weights are bfloat16, and 32-bit floats are needed.");

    /// <summary>The rows of bfloat16 numbers.</summary>
    /// <exception cref="InvalidOperationException">The numbers are 32-bit floats.</exception>
    public ushort* Narrow =>
        IsNarrow ? (ushort*)_rows : throw new InvalidOperationException("The weights are 32-bit floats, and bfloat16 is needed.");

    /// <summary>Rows of 32-bit floats; null for no matrix.</summary>
    public static implicit operator WeightMatrix(float* rows) => new(rows, isNarrow: false);

    /// <summary>The numbers of a contiguous tensor of the processor, of either type.</summary>
    public static WeightMatrix Of(Tensor tensor) => tensor.dtype == ScalarType.BFloat16
        ? new WeightMatrix((ushort*)TensorMemory.Address(tensor, ScalarType.BFloat16))
        : TensorMemory.Floats(tensor);

    /// <summary>C[m, n] = A W^T for A [m, k] and W [n, k]; with <paramref name="rounded"/> as <see cref="MatrixProduct"/> rounds.</summary>
    public void Multiply(int m, int n, int k, float* a, float* c, bool rounded = false)
    {
        if (IsNarrow)
            new PackedMatrix(this, n, k, null, rounded).Multiply(m, a, k, c, n);
        else
            MatrixProduct.Multiply(m, n, k, a, k, false, Floats, k, true, c, n, rounded: rounded);
    }
}

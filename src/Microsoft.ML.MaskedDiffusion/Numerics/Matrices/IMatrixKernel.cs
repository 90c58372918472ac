namespace Microsoft.ML.MaskedDiffusion.Numerics.Matrices;

/// <summary>
/// The innermost product: rows x columns of C += A B, one accumulator an element, summed over k in order by fused multiply-adds. Every
/// kernel therefore gives an element the same bits, whatever its place in the tile and however wide the vectors are.
/// </summary>
internal unsafe interface IMatrixKernel
{
    static abstract int Rows { get; }

    static abstract int Columns { get; }

    /// <summary>
    /// A's element (i, p) is at <paramref name="a"/> + i <paramref name="row"/> + p <paramref name="step"/> (bytes), B is packed
    /// [k][Columns]; c = (add ? c : 0) + A B for at most <see cref="Rows"/> rows.
    /// </summary>
    static abstract void Multiply(byte* a, nint row, nint step, float* b, float* c, nint ldc, int k, int rows, bool add);
}

using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Matrices;

/// <summary>The numbers in which a matrix of weights lies in memory.</summary>
internal enum WeightForm
{
    /// <summary>32-bit floats.</summary>
    Float32,

    /// <summary>bfloat16 numbers.</summary>
    BFloat16,

    /// <summary>8-bit integers, each row with a 32-bit factor.</summary>
    Int8,
}

/// <summary>
/// Where the rows of a matrix of weights [n, k] lie: 32-bit floats, or narrow numbers, which products widen a piece at a time: bfloat16, or
/// integers of 8 bits with a factor for each row. Every widened number is a 32-bit float, so that a product has the same bits in any form.
/// The caller keeps the memory alive.
/// </summary>
internal readonly unsafe struct WeightMatrix
{
    private readonly void* _rows;
    private readonly float* _scales;

    private WeightMatrix(void* rows, float* scales, WeightForm form)
    {
        _rows = rows;
        _scales = scales;
        Form = form;
    }

    /// <summary>Rows of bfloat16 numbers.</summary>
    public WeightMatrix(ushort* rows)
        : this(rows, null, WeightForm.BFloat16)
    {
    }

    /// <summary>Rows of 8-bit integers, which stand for their products with their row's number in <paramref name="scales"/>.</summary>
    public WeightMatrix(sbyte* rows, float* scales)
        : this(rows, scales, WeightForm.Int8)
    {
    }

    /// <summary>The numbers' form.</summary>
    public WeightForm Form { get; }

    /// <summary>Whether the numbers have fewer than 32 bits.</summary>
    public bool IsNarrow => Form != WeightForm.Float32;

    /// <summary>The rows of 32-bit floats.</summary>
    /// <exception cref="InvalidOperationException">The numbers are others.</exception>
    public float* Floats => (float*)Rows(WeightForm.Float32);

    /// <summary>The rows of bfloat16 numbers.</summary>
    /// <exception cref="InvalidOperationException">The numbers are others.</exception>
    public ushort* BFloat16 => (ushort*)Rows(WeightForm.BFloat16);

    /// <summary>The rows of 8-bit integers.</summary>
    /// <exception cref="InvalidOperationException">The numbers are others.</exception>
    public sbyte* Int8 => (sbyte*)Rows(WeightForm.Int8);

    /// <summary>The factors of the rows of 8-bit integers; null for other forms.</summary>
    public float* Scales => _scales;

    /// <summary>Rows of 32-bit floats; null for no matrix.</summary>
    public static implicit operator WeightMatrix(float* rows) => new(rows, null, WeightForm.Float32);

    /// <summary>The numbers of a contiguous tensor of the processor, of any form; <paramref name="scales"/> are those of Int8.</summary>
    public static WeightMatrix Of(Tensor tensor, Tensor? scales = null) => tensor.dtype switch
    {
        ScalarType.BFloat16 => new WeightMatrix((ushort*)TensorMemory.Address(tensor, ScalarType.BFloat16)),
        ScalarType.Int8 => new WeightMatrix((sbyte*)TensorMemory.Address(tensor, ScalarType.Int8), TensorMemory.Floats(scales!)),
        _ => TensorMemory.Floats(tensor),
    };

    /// <summary>C[m, n] = A W^T for A [m, k] and W [n, k]; with <paramref name="rounded"/> as <see cref="MatrixProduct"/> rounds.</summary>
    public void Multiply(int m, int n, int k, float* a, float* c, bool rounded = false)
    {
        if (IsNarrow)
            new PackedMatrix(this, n, k, null, rounded).Multiply(m, a, k, c, n);
        else
            MatrixProduct.Multiply(m, n, k, a, k, false, Floats, k, true, c, n, rounded: rounded);
    }

    /// <summary>
    /// panel[c, r] = W[first + r, depth + c] in 32 bits, for <paramref name="rows"/> rows of <paramref name="columns"/> numbers,
    /// <paramref name="width"/> a row in the panel.
    /// </summary>
    public void Transpose(long first, int rows, int k, int depth, int columns, float* panel, int width)
    {
        long at = first * k + depth;
        switch (Form)
        {
            case WeightForm.BFloat16:
                MatrixPacking.TransposeNarrow((ushort*)_rows + at, k, rows, columns, panel, width);
                break;
            case WeightForm.Int8:
                MatrixPacking.TransposeNarrow((sbyte*)_rows + at, _scales + first, k, rows, columns, panel, width);
                break;
            default:
                MatrixPacking.Transpose((float*)_rows + at, k, rows, columns, panel, width);
                break;
        }
    }

    /// <summary>Writes rows as 32-bit floats, on the caller's thread.</summary>
    public void CopyRows(long first, int rows, int k, float* to)
    {
        long at = first * k, count = (long)rows * k;
        switch (Form)
        {
            case WeightForm.BFloat16:
                BFloat16Kernels.WidenAlone((ushort*)_rows + at, to, count, add: false);
                break;
            case WeightForm.Int8:
                for (int row = 0; row < rows; row++)
                    Int8Kernels.Widen((sbyte*)_rows + at + (long)row * k, _scales[first + row], to + (long)row * k, k);
                break;
            default:
                new ReadOnlySpan<float>((float*)_rows + at, checked((int)count)).CopyTo(new Span<float>(to, (int)count));
                break;
        }
    }

    private void* Rows(WeightForm form) => Form == form
        ? _rows : throw new InvalidOperationException($"The weights are held in {Form}, and {form} is needed.");
}

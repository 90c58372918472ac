using Microsoft.ML.MaskedDiffusion.Numerics.Devices;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>A vector that is added to each row.</summary>
internal static unsafe class BiasKernels
{
    // Rows whose gradients are summed together. Another number would change the result's bits.
    private const int Group = 128;

    // Columns that a thread takes at a time.
    private const int Columns = 64;

    /// <summary>Adds the bias [width] to the rows of <paramref name="x"/> [rows, width].</summary>
    public static void Add(float* x, float* bias, int rows, int width) => Workers.Rows(rows, 64, (first, last) =>
    {
        for (int row = first; row < last; row++)
            AddToRow(x + (long)row * width, bias, width);
    });

    /// <summary>Adds <paramref name="count"/> numbers of the bias to a row.</summary>
    public static void AddToRow(float* row, float* bias, int count)
    {
        for (int i = 0; i < count; i += VectorMath.Lanes)
            VectorMath.Store(VectorMath.Load(row + i, count - i) + VectorMath.Load(bias + i, count - i), row + i, count - i);
    }

    /// <summary>
    /// Adds the sums of the columns of <paramref name="dy"/> [rows, width] to <paramref name="gradient"/> [width], always in the same
    /// order.
    /// </summary>
    public static void AddGradient(float* gradient, float* dy, int rows, int width) => Workers.Rows(width, Columns, (first, last) =>
    {
        float* sums = stackalloc float[Columns];
        for (int group = 0; group < rows; group += Group)
        {
            new Span<float>(sums, Columns).Clear();
            for (int row = group; row < Math.Min(rows, group + Group); row++)
                AddToRow(sums, dy + (long)row * width + first, last - first);
            AddToRow(gradient + first, sums, last - first);
        }
    });
}

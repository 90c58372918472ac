using System.Numerics.Tensors;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>Rows of an embedding table by token, and rows of states by place.</summary>
internal static unsafe class EmbeddingKernels
{
    public static void Gather(float* table, long* tokens, float* x, int rows, int width) => Workers.Rows(rows, 256, (first, last) =>
    {
        for (int row = first; row < last; row++)
            new ReadOnlySpan<float>(table + tokens[row] * width, width).CopyTo(new Span<float>(x + (long)row * width, width));
    });

    /// <summary>The same from a table of any form, in 32 bits.</summary>
    public static void Gather(WeightMatrix table, long* tokens, float* x, int rows, int width) => Workers.Rows(rows, 256, (first, last) =>
    {
        for (int row = first; row < last; row++)
            table.CopyRows(tokens[row], 1, width, x + (long)row * width);
    });

    /// <summary>Adds each row's gradient to its token's row, in the order of the rows.</summary>
    public static void AddGradient(float* gradient, long[] tokens, float* dx, int width)
    {
        // The threads share the columns, not the rows, so that the order of the sums is always the same.
        const int Columns = 64;
        Workers.Rows(width, Columns, (first, last) =>
        {
            for (int row = 0; row < tokens.Length; row++)
            {
                var sum = new Span<float>(gradient + tokens[row] * width + first, last - first);
                TensorPrimitives.Add(sum, new ReadOnlySpan<float>(dx + (long)row * width + first, last - first), sum);
            }
        });
    }

    /// <summary>Adds row i of <paramref name="some"/> to row places[i] of <paramref name="x"/>; no place comes twice.</summary>
    public static void ScatterAdd(float* some, long* places, float* x, int rows, int width) => Workers.Rows(rows, 256, (first, last) =>
    {
        for (int row = first; row < last; row++)
        {
            var sum = new Span<float>(x + places[row] * width, width);
            TensorPrimitives.Add(sum, new ReadOnlySpan<float>(some + (long)row * width, width), sum);
        }
    });

    /// <summary>
    /// Writes row i of <paramref name="some"/> to row places[i] of <paramref name="x"/> [rows, width], and zero to the other rows; the
    /// places ascend.
    /// </summary>
    public static void Spread(float* some, long[] places, float* x, int rows, int width) => Workers.Rows(rows, 256, (first, last) =>
    {
        int next = places.AsSpan().BinarySearch((long)first);
        if (next < 0)
            next = ~next;
        for (int row = first; row < last; row++)
        {
            var to = new Span<float>(x + (long)row * width, width);
            if (next < places.Length && places[next] == row)
                new ReadOnlySpan<float>(some + (long)next++ * width, width).CopyTo(to);
            else
                to.Clear();
        }
    });
}

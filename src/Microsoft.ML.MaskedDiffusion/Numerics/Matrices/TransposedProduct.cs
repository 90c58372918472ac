using System.Runtime.Intrinsics;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Matrices;

/// <summary>
/// The products of weight gradients, A^T B with a long inner dimension: the threads first pack B together, so that each part of it is
/// packed once, and then share the rows of the result. The bits are those of <see cref="MatrixProduct"/>.
/// </summary>
internal static unsafe class TransposedProduct
{
    // Floats of B that are packed before the rows of the result are computed: 4 megabytes, or one depth block where that is more.
    private const int SlabFloats = 1 << 20;

    // A thread's scratch memory that holds the packed part of B, for all threads.
    private const int SharedSlot = 4;

    // Rows of A that are packed together: with MatrixProduct.Depth, 200 kilobytes.
    private const int PackedRows = 96;

    // Tasks for each thread, so that they end together.
    private const int TasksPerThread = 4;

    // Columns for which it pays to pack the rows of A once more.
    private const int LeastColumns = 256;

    /// <summary>C[m, n] = A^T B, or C += A^T B, for A stored as [k, m] and B as [k, n].</summary>
    public static void Multiply(
        int m, int n, int k, float* a, long lda, float* b, long ldb, float* c, long ldc, bool add, bool rounded)
    {
        if (Vector512.IsHardwareAccelerated)
            Multiply<MatrixKernel512>(m, n, k, a, lda, b, ldb, c, ldc, add, rounded);
        else
            Multiply<MatrixKernel256>(m, n, k, a, lda, b, ldb, c, ldc, add, rounded);
    }

    /// <summary>The same with the kernel given, so that tests can hold the kernels against each other.</summary>
    internal static void Multiply<TKernel>(
        int m, int n, int k, float* a, long lda, float* b, long ldb, float* c, long ldc, bool add, bool rounded)
        where TKernel : struct, IMatrixKernel
    {
        int width = TKernel.Columns, panels = MatrixProduct.Ceiling(n, width), whole = panels * width;
        int slab = Math.Max(1, SlabFloats / whole / MatrixProduct.Depth) * MatrixProduct.Depth;
        float* packed = Scratch.Floats(SharedSlot, (long)Math.Min(k, slab) * whole);
        int most = PackedRows, least = PackedRows / 2;
        int rows = Math.Clamp(MatrixProduct.Ceiling(m, TasksPerThread * Workers.Count), least, most);
        rows = Math.Min(most, MatrixProduct.Ceiling(rows, TKernel.Rows) * TKernel.Rows);
        int rowTasks = MatrixProduct.Ceiling(m, rows);
        int columnTasks = Math.Clamp(MatrixProduct.Ceiling(3 * Workers.Count, rowTasks), 1, Math.Max(1, n / LeastColumns));
        int columns = MatrixProduct.Ceiling(panels, columnTasks) * width;
        for (int from = 0; from < k; from += slab)
        {
            int first = from, depth = Math.Min(slab, k - from);
            Workers.Run(panels * MatrixProduct.Ceiling(depth, MatrixProduct.Depth), task =>
            {
                int block = task / panels * MatrixProduct.Depth, column = task % panels * width;
                int steps = Math.Min(MatrixProduct.Depth, depth - block);
                float* panel = packed + (long)block * whole + (long)column * steps;
                MatrixPacking.Copy(b + (first + block) * ldb + column, ldb, steps, Math.Min(width, n - column), panel, width);
                if (rounded)
                    BFloat16Kernels.Round(panel, panel, (long)steps * width);
            });
            Workers.Run(rowTasks * MatrixProduct.Ceiling(n, columns), task =>
            {
                int row = task % rowTasks * rows, column = task / rowTasks * columns, end = Math.Min(n, column + columns);
                for (int block = 0; block < depth; block += MatrixProduct.Depth)
                {
                    int steps = Math.Min(MatrixProduct.Depth, depth - block);
                    Rows<TKernel>(
                        Math.Min(rows, m - row), steps, a + (first + block) * lda + row, lda, packed + (long)block * whole, column, end,
                        c + row * ldc, ldc, add || first + block > 0, rounded);
                }
            });
        }
    }

    /// <summary>
    /// Rows of the result, from one column to another, over one depth block, for A stored as [steps, rows] and panels of B that were packed
    /// for that block.
    /// </summary>
    internal static void Rows<TKernel>(
        int rows, int steps, float* a, long lda, float* packedB, int column, int end, float* c, long ldc, bool add, bool rounded)
        where TKernel : struct, IMatrixKernel
    {
        int width = TKernel.Columns, height = TKernel.Rows, apart = MatrixPacking.PanelStride(steps, height);
        float* packedA = Scratch.Floats(1, (long)PackedRows / height * apart), edge = stackalloc float[width * height];
        for (int first = 0; first < rows; first += PackedRows)
        {
            int last = Math.Min(rows, first + PackedRows), tiles = MatrixProduct.Ceiling(last - first, height);
            MatrixPacking.CopyPanels(a + first, lda, steps, last - first, packedA, height);
            if (rounded)
                BFloat16Kernels.Round(packedA, packedA, (long)tiles * apart);
            for (int j = column; j < end; j += width)
            {
                int have = Math.Min(width, end - j);
                float* panel = packedB + (long)j * steps;
                for (int i = first; i < last; i += height)
                {
                    int count = Math.Min(height, last - i);
                    byte* tile = (byte*)(packedA + (long)(i - first) / height * apart);
                    float* target = c + i * ldc + j;
                    if (have == width)
                    {
                        TKernel.Multiply(tile, sizeof(float), height * sizeof(float), panel, target, (nint)ldc, steps, count, add);
                        continue;
                    }
                    TKernel.Multiply(tile, sizeof(float), height * sizeof(float), panel, edge, width, steps, count, add: false);
                    MatrixProduct.Store(edge, width, target, ldc, count, have, add);
                }
            }
        }
    }
}

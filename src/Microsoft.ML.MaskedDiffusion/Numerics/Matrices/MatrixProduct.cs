using System.Numerics.Tensors;
using System.Runtime.Intrinsics;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Matrices;

/// <summary>
/// Products of 32-bit float matrices in contiguous memory. An element's bits depend on its row of A, its column of B and k alone: not on
/// how many rows and columns there are, the threads or the vector width. No BLAS promises that (they choose other kernels for other
/// sizes), and it is the reason why a row's result is the same in every batch.
/// </summary>
internal static unsafe class MatrixProduct
{
    // Depth of a packed block. Another number would change the result's bits, since partial sums are added block by block.
    internal const int Depth = 512;

    // A product of fewer multiplications is done before another thread would have woken up.
    internal const long SmallWork = 1 << 17;

    // Columns of a packed block: with Depth, half a megabyte, what a core's second-level cache keeps.
    internal const int BlockColumns = 256;

    /// <summary>Columns of a panel of a packed matrix: those of the kernel that reads it.</summary>
    internal static int PanelWidth => Vector512.IsHardwareAccelerated ? MatrixKernel512.Columns : MatrixKernel256.Columns;

    /// <summary>As many columns, rounded up to whole panels.</summary>
    internal static int WholePanels(int columns) => (columns + PanelWidth - 1) / PanelWidth * PanelWidth;

    /// <summary>
    /// C[m, n] = A B, or C += A B. A is [m, k] with <paramref name="lda"/> floats from row to row, or stored transposed as [k, m]; B is [k,
    /// n], or stored transposed as [n, k]. The work is spread over the cores. With <paramref name="rounded"/> A and B are rounded to
    /// bfloat16 on the way; sums stay 32-bit. Large products of that kind are <see cref="BFloat16Product"/>'s where it is faster.
    /// </summary>
    public static void Multiply(
        int m, int n, int k, float* a, long lda, bool transposeA, float* b, long ldb, bool transposeB, float* c, long ldc, bool add = false,
        bool rounded = false)
    {
        if (rounded && BFloat16Product.Fits(m, n, k))
            BFloat16Product.Multiply(m, n, k, a, lda, transposeA, b, ldb, transposeB, c, ldc, add);
        else
            MultiplyOwn(m, n, k, a, lda, transposeA, b, ldb, transposeB, c, ldc, add, rounded);
    }

    /// <summary>As <see cref="Multiply"/>, with the library's own kernels only.</summary>
    internal static void MultiplyOwn(
        int m, int n, int k, float* a, long lda, bool transposeA, float* b, long ldb, bool transposeB, float* c, long ldc, bool add,
        bool rounded)
    {
        if (m == 0 || n == 0)
            return;
        if (transposeA && !transposeB && (long)m * n * k >= SmallWork)
        {
            TransposedProduct.Multiply(m, n, k, a, lda, b, ldb, c, ldc, add, rounded);
            return;
        }
        int groups = Ceiling(n, BlockColumns);
        // Three tasks for each thread balance the load; a task of fewer than 96 rows would mostly pack B.
        int rowTasks = Math.Clamp(Ceiling(3 * Workers.Count, groups), 1, Math.Max(1, m / 96));
        int rows = Ceiling(Ceiling(m, rowTasks), 12) * 12;
        rowTasks = Ceiling(m, rows);
        if ((long)m * n * k < SmallWork || groups * rowTasks == 1)
        {
            MultiplyAlone(m, n, k, a, lda, transposeA, b, ldb, transposeB, c, ldc, add, rounded);
            return;
        }
        Workers.Run(groups * rowTasks, task =>
        {
            int row = task % rowTasks * rows, column = task / rowTasks * BlockColumns;
            MultiplyAlone(
                Math.Min(rows, m - row), Math.Min(BlockColumns, n - column), k, transposeA ? a + row : a + row * lda, lda, transposeA,
                transposeB ? b + column * ldb : b + column, ldb, transposeB, c + row * ldc + column, ldc, add, rounded);
        });
    }

    /// <summary>As <see cref="Multiply"/>, on the caller's thread only.</summary>
    public static void MultiplyAlone(
        int m, int n, int k, float* a, long lda, bool transposeA, float* b, long ldb, bool transposeB, float* c, long ldc, bool add = false,
        bool rounded = false)
    {
        if (Vector512.IsHardwareAccelerated)
            Blocks<MatrixKernel512>(m, n, k, a, lda, transposeA, b, ldb, transposeB, c, ldc, add, rounded);
        else
            Blocks<MatrixKernel256>(m, n, k, a, lda, transposeA, b, ldb, transposeB, c, ldc, add, rounded);
    }

    /// <summary>The same with the kernel given, so that tests can hold the kernels against each other.</summary>
    internal static void Blocks<TKernel>(
        int m, int n, int k, float* a, long lda, bool transposeA, float* b, long ldb, bool transposeB, float* c, long ldc, bool add,
        bool rounded = false)
        where TKernel : struct, IMatrixKernel
    {
        if (k == 0 && !add)
        {
            for (int i = 0; i < m; i++)
                new Span<float>(c + i * ldc, n).Clear();
            return;
        }
        int width = TKernel.Columns, height = TKernel.Rows;
        float* packedB = Scratch.Floats(0, (long)Depth * (BlockColumns + width));
        float* roundedA = rounded && !transposeA ? Scratch.Floats(1, (long)Depth * height) : null;
        float* edge = stackalloc float[width * height];
        for (int column = 0; column < n; column += BlockColumns)
        {
            int columns = Math.Min(BlockColumns, n - column);
            for (int depth = 0; depth < k; depth += Depth)
            {
                int steps = Math.Min(Depth, k - depth);
                bool sum = add || depth > 0;
                for (int j = 0; j < columns; j += width)
                {
                    int have = Math.Min(width, columns - j);
                    float* panel = packedB + (long)j * steps;
                    if (transposeB)
                        MatrixPacking.Transpose(b + (column + j) * ldb + depth, ldb, have, steps, panel, width);
                    else
                        MatrixPacking.Copy(b + depth * ldb + column + j, ldb, steps, have, panel, width);
                    if (rounded)
                        BFloat16Kernels.Round(panel, panel, (long)steps * width);
                }
                if (transposeA)
                {
                    TransposedProduct.Rows<TKernel>(
                        m, steps, a + depth * lda, lda, packedB, 0, columns, c + column, ldc, sum, rounded);
                    continue;
                }
                RowsByPanels<TKernel>(
                    m, columns, steps, a + depth, lda, packedB, c + column, ldc, edge, roundedA, sum);
            }
        }
    }

    /// <summary>
    /// C[m, columns] = A B or C += A B for one depth of at most <see cref="Depth"/>, where B lies in panels of the kernel's columns.
    /// </summary>
    /// <param name="m">Rows of A.</param>
    /// <param name="columns">Columns of B.</param>
    /// <param name="steps">The depth.</param>
    /// <param name="a">A at that depth, with <paramref name="lda"/> floats from row to row.</param>
    /// <param name="lda">Floats from row to row of A.</param>
    /// <param name="panels">B.</param>
    /// <param name="c">C.</param>
    /// <param name="ldc">Floats from row to row of C.</param>
    /// <param name="edge">Room for a tile of the kernel.</param>
    /// <param name="roundedA">Room for the kernel's rows at this depth, where A is rounded to bfloat16; else null.</param>
    /// <param name="add">Whether to add to C.</param>
    internal static void RowsByPanels<TKernel>(
        int m, int columns, int steps, float* a, long lda, float* panels, float* c, long ldc, float* edge, float* roundedA, bool add)
        where TKernel : struct, IMatrixKernel
    {
        int width = TKernel.Columns, height = TKernel.Rows;
        for (int i = 0; i < m; i += height)
        {
            int rows = Math.Min(height, m - i);
            byte* rowA = (byte*)(a + i * lda);
            nint row = (nint)lda * sizeof(float);
            if (roundedA is not null)
            {
                for (int r = 0; r < rows; r++)
                    BFloat16Kernels.Round(a + (i + r) * lda, roundedA + (long)r * steps, steps);
                rowA = (byte*)roundedA;
                row = steps * sizeof(float);
            }
            for (int j = 0; j < columns; j += width)
            {
                int have = Math.Min(width, columns - j);
                float* target = c + i * ldc + j, panel = panels + (long)j * steps;
                if (have == width)
                {
                    TKernel.Multiply(rowA, row, sizeof(float), panel, target, (nint)ldc, steps, rows, add);
                    continue;
                }
                TKernel.Multiply(rowA, row, sizeof(float), panel, edge, width, steps, rows, add: false);
                Store(edge, width, target, ldc, rows, have, add);
            }
        }
    }

    /// <summary>Copies or adds the first columns of a tile to its place, where the place is narrower than the tile.</summary>
    internal static void Store(float* tile, int width, float* target, long ldc, int rows, int columns, bool add)
    {
        for (int r = 0; r < rows; r++, tile += width, target += ldc)
        {
            Span<float> from = new(tile, columns), to = new(target, columns);
            if (add)
                TensorPrimitives.Add(to, from, to);
            else
                from.CopyTo(to);
        }
    }

    internal static int Ceiling(int a, int b) => (a + b - 1) / b;
}

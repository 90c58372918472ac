using System.Runtime.Intrinsics;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Matrices;

/// <summary>
/// A matrix W [n, k] laid out once for many products A W^T, as <see cref="MatrixProduct"/> lays it out for each: blocks of the same depth,
/// in them panels of as many columns as the kernel takes. The products have the same bits as its. A matrix of narrow numbers stays where it
/// lies: each product lays out the piece that it works on, in 32 bits, in a core's cache.
/// </summary>
internal readonly unsafe struct PackedMatrix
{
    // Rows of A whose products wait for memory: every thread then needs a share of W.
    private const int FewRows = 16;

    private readonly bool _rounded;
    private readonly int _n;
    private readonly int _k;
    private readonly float* _memory;
    private readonly WeightMatrix _narrow;

    /// <summary>
    /// Packs <paramref name="matrix"/> [n, k] into <paramref name="memory"/> of <see cref="Size"/> floats, which the caller keeps, as it
    /// does the matrix where that is narrow. With <paramref name="rounded"/> both sides of the products are rounded to bfloat16.
    /// </summary>
    public PackedMatrix(WeightMatrix matrix, int n, int k, float* memory, bool rounded = false)
    {
        _rounded = rounded;
        _n = n;
        _k = k;
        _memory = memory;
        if (matrix.IsNarrow)
        {
            _narrow = matrix;
            return;
        }
        float* w = matrix.Floats;
        int width = MatrixProduct.PanelWidth, whole = MatrixProduct.WholePanels(n);
        Workers.Rows(whole / width, 4, (first, last) =>
        {
            for (int depth = 0; depth < k; depth += MatrixProduct.Depth)
            {
                int steps = Math.Min(MatrixProduct.Depth, k - depth);
                float* panels = memory + (long)depth * whole;
                for (int j = first * width; j < last * width; j += width)
                    MatrixPacking.Transpose(w + (long)j * k + depth, k, Math.Min(width, n - j), steps, panels + (long)j * steps, width);
                if (rounded)
                    BFloat16Kernels.Round(
                        panels + (long)first * width * steps, panels + (long)first * width * steps, (long)(last - first) * width * steps);
            }
        });
    }

    // A task of fewer rows would not be worth its own start, or its own piece of the matrix.
    private int LeastRows => _narrow.IsNarrow ? 96 : 48;

    /// <summary>Floats that a packed matrix takes; none where the matrix is narrow.</summary>
    public static long Size(int n, int k, bool isNarrow = false) => isNarrow ? 0 : (long)MatrixProduct.WholePanels(n) * k;

    /// <summary>
    /// C[m, n] = A W^T, or C += A W^T, for A [m, k] with <paramref name="lda"/> floats from row to row. The work is spread over the cores.
    /// </summary>
    public void Multiply(int m, float* a, long lda, float* c, long ldc, bool add = false)
    {
        PackedMatrix self = this;
        int most = MatrixProduct.BlockColumns;
        int width = MatrixProduct.PanelWidth;
        int columns = m > FewRows ? most : Math.Clamp(_n / (4 * Workers.Count) / width * width, width, most);
        int groups = (_n + columns - 1) / columns, rowTasks = Math.Clamp(3 * Workers.Count / groups, 1, Math.Max(1, m / LeastRows));
        int rows = ((m + rowTasks - 1) / rowTasks + 11) / 12 * 12;
        rowTasks = (m + rows - 1) / rows;
        if ((long)m * _n * _k < MatrixProduct.SmallWork)
        {
            for (int task = 0; task < groups * rowTasks; task++)
                Run(task);
            return;
        }
        Workers.Run(groups * rowTasks, Run);

        void Run(int task)
        {
            int row = task % rowTasks * rows, column = task / rowTasks * columns, end = Math.Min(self._n, column + columns);
            int have = Math.Min(rows, m - row);
            if (Vector512.IsHardwareAccelerated)
                self.Block<MatrixKernel512>(have, column, end, a + row * lda, lda, c + row * ldc, ldc, add);
            else
                self.Block<MatrixKernel256>(have, column, end, a + row * lda, lda, c + row * ldc, ldc, add);
        }
    }

    private void Block<TKernel>(int m, int column, int end, float* a, long lda, float* c, long ldc, bool add)
        where TKernel : struct, IMatrixKernel
    {
        int width = TKernel.Columns, height = TKernel.Rows, whole = MatrixProduct.WholePanels(_n);
        float* edge = stackalloc float[width * height], roundedA = _rounded ? Scratch.Floats(1, (long)MatrixProduct.Depth * height) : null;
        for (int depth = 0; depth < _k; depth += MatrixProduct.Depth)
        {
            int steps = Math.Min(MatrixProduct.Depth, _k - depth);
            bool sum = add || depth > 0;
            float* panels = _narrow.IsNarrow
                ? Widened(column, end, depth, steps) : _memory + (long)depth * whole + (long)column * steps;
            MatrixProduct.RowsByPanels<TKernel>(
                m, end - column, steps, a + depth, lda, panels, c + column, ldc, edge, roundedA, sum);
        }
    }

    // The panels of some columns at one depth, in this thread's memory.
    private float* Widened(int column, int end, int depth, int steps)
    {
        int width = MatrixProduct.PanelWidth;
        float* panels = Scratch.Floats(0, (long)MatrixProduct.Depth * (MatrixProduct.BlockColumns + width));
        for (int j = column; j < end; j += width)
            _narrow.Transpose(j, Math.Min(width, _n - j), _k, depth, steps, panels + (long)(j - column) * steps, width);
        return panels;
    }
}

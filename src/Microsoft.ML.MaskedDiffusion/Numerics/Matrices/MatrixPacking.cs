using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Matrices;

/// <summary>Copies pieces of matrices into the dense panels that <see cref="IMatrixKernel"/> reads; missing columns become zero.</summary>
internal static unsafe class MatrixPacking
{
    /// <summary>Floats between two panels of <see cref="CopyPanels"/>: a panel of so many rows, and room for a vector behind it.</summary>
    public static int PanelStride(int rows, int width) => rows * width + Vector512<float>.Count;

    /// <summary>
    /// panel[r, c] = source[r, c] for <paramref name="rows"/> rows of <paramref name="columns"/> numbers, <paramref name="width"/> a row in
    /// the panel.
    /// </summary>
    public static void Copy(float* source, long stride, int rows, int columns, float* panel, int width)
    {
        for (int r = 0; r < rows; r++, source += stride, panel += width)
        {
            if (columns == width && width % 16 == 0)
            {
                for (int c = 0; c < width; c += 16)
                    Vector512.Load(source + c).Store(panel + c);
                continue;
            }
            CopyRow(source, columns, panel, width);
        }
    }

    /// <summary>
    /// The same for many columns at once, which become panels of <paramref name="width"/> columns each, <see cref="PanelStride"/> apart. A
    /// row's columns are read one after the other, because the rows of a large matrix lie in pages of memory of their own.
    /// </summary>
    public static void CopyPanels(float* source, long stride, int rows, int columns, float* panels, int width)
    {
        int apart = PanelStride(rows, width), lanes = width > 8 ? 16 : 8;
        // A vector is wider than a panel: what it writes too much is overwritten by the next row, and behind the last row there is room. It
        // must not read behind the columns, where the matrix may end.
        int whole = columns < lanes ? 0 : (columns - lanes) / width + 1;
        for (int r = 0; r < rows; r++, source += stride, panels += width)
        {
            float* from = source, to = panels;
            if (lanes == 16)
            {
                for (int i = 0; i < whole; i++, from += width, to += apart)
                    Vector512.Load(from).Store(to);
            }
            else
            {
                for (int i = 0; i < whole; i++, from += width, to += apart)
                    Vector256.Load(from).Store(to);
            }
            for (int c = whole * width; c < columns; c += width, from += width, to += apart)
                CopyRow(from, Math.Min(width, columns - c), to, width);
        }
    }

    /// <summary>
    /// panel[c, r] = source[r, c] for <paramref name="rows"/> rows of <paramref name="columns"/> numbers, <paramref name="width"/> a row in
    /// the panel.
    /// </summary>
    public static void Transpose(float* source, long stride, int rows, int columns, float* panel, int width)
    {
        int r = 0;
        while (r + 4 <= rows)
        {
            float* from = source + r * stride;
            int c = 0, have = Avx512F.IsSupported && r + 16 <= rows ? 16 : 4;
            if (have == 16)
            {
                for (; c + 4 <= columns; c += 4)
                    Transpose16(from + c, stride, panel + (long)c * width + r, width);
            }
            else
            {
                for (; c + 4 <= columns; c += 4)
                    Transpose4(from + c, stride, panel + (long)c * width + r, width);
            }
            for (; c < columns; c++)
                for (int i = 0; i < have; i++)
                    panel[(long)c * width + r + i] = from[i * stride + c];
            r += have;
        }
        for (; r < width; r++)
            for (int c = 0; c < columns; c++)
                panel[(long)c * width + r] = r < rows ? source[r * stride + c] : 0;
    }

    /// <summary>
    /// panel[c, r] = source[r, c] in 32 bits for bfloat16 numbers. Two that follow each other are transposed as one number of 32 bits and
    /// then taken apart.
    /// </summary>
    public static void TransposeNarrow(ushort* source, long stride, int rows, int columns, float* panel, int width)
    {
        if (stride % 2 != 0 || columns % 2 != 0)
        {
            for (int c = 0; c < columns; c++, panel += width)
                for (int r = 0; r < width; r++)
                    panel[r] = r < rows ? BFloat16Kernels.WidenOne(source[r * stride + c]) : 0;
            return;
        }
        // The pairs stand in the panel's second half. Each is read before its place is needed.
        int pairs = columns / 2;
        float* from = panel + (long)pairs * width;
        Transpose((float*)source, stride / 2, rows, pairs, from, width);
        Vector512<uint> upper = Vector512.Create(0xFFFF0000u);
        for (int pair = 0; pair < pairs; pair++, from += width, panel += 2 * width)
        {
            for (int r = 0; r < width; r += Vector512<uint>.Count)
            {
                Vector512<uint> both = Vector512.Load((uint*)(from + r));
                Vector512.ShiftLeft(both, 16).Store((uint*)(panel + r));
                (both & upper).Store((uint*)(panel + width + r));
            }
        }
    }

    /// <summary>
    /// panel[c, r] = source[r, c] * scales[r] for 8-bit integers. Four that follow each other are transposed as one number of 32 bits and
    /// then taken apart.
    /// </summary>
    public static void TransposeNarrow(
        sbyte* source, float* scales, long stride, int rows, int columns, float* panel, int width)
    {
        if (stride % 4 != 0 || columns % 4 != 0)
        {
            for (int c = 0; c < columns; c++, panel += width)
                for (int r = 0; r < width; r++)
                    panel[r] = r < rows ? source[r * stride + c] * scales[r] : 0;
            return;
        }
        float* factors = stackalloc float[width];
        for (int r = 0; r < width; r++)
            factors[r] = r < rows ? scales[r] : 0;
        // The fours stand in the panel's last quarter. Each is read before its place is needed.
        int fours = columns / 4;
        float* from = panel + 3L * fours * width;
        Transpose((float*)source, stride / 4, rows, fours, from, width);
        for (int four = 0; four < fours; four++, from += width, panel += 4 * width)
        {
            for (int r = 0; r < width; r += Vector512<int>.Count)
            {
                Vector512<int> all = Vector512.Load((int*)(from + r));
                Vector512<float> factor = Vector512.Load(factors + r);
                Scaled(Vector512.ShiftLeft(all, 24), factor).Store(panel + r);
                Scaled(Vector512.ShiftLeft(all, 16), factor).Store(panel + width + r);
                Scaled(Vector512.ShiftLeft(all, 8), factor).Store(panel + 2 * width + r);
                Scaled(all, factor).Store(panel + 3 * width + r);
            }
        }
    }

    // The integer in the upper eight bits, times a factor.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Scaled(Vector512<int> numbers, Vector512<float> factor) =>
        Vector512.ConvertToSingle(Vector512.ShiftRightArithmetic(numbers, 24)) * factor;

    private static void CopyRow(float* source, int columns, float* panel, int width)
    {
        int c = 0;
        for (; c + 4 <= columns; c += 4)
            Vector128.Load(source + c).Store(panel + c);
        for (; c < columns; c++)
            panel[c] = source[c];
        for (; c < width; c++)
            panel[c] = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose4(float* source, long stride, float* target, int width)
    {
        Vector128<float> a = Vector128.Load(source), b = Vector128.Load(source + stride);
        Vector128<float> c = Vector128.Load(source + 2 * stride), d = Vector128.Load(source + 3 * stride);
        Vector128<float> ac = Interleave(a, c, high: false), bd = Interleave(b, d, high: false);
        Vector128<float> acHigh = Interleave(a, c, high: true), bdHigh = Interleave(b, d, high: true);
        Interleave(ac, bd, high: false).Store(target);
        Interleave(ac, bd, high: true).Store(target + width);
        Interleave(acHigh, bdHigh, high: false).Store(target + 2 * width);
        Interleave(acHigh, bdHigh, high: true).Store(target + 3 * width);
    }

    // 16 rows of 4 numbers: the quarters of a vector hold rows 4 apart, and within the quarters 4 rows of 4 are transposed.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose16(float* source, long stride, float* target, int width)
    {
        Vector512<float> a = Quarters(source, 4 * stride), b = Quarters(source + stride, 4 * stride);
        Vector512<float> c = Quarters(source + 2 * stride, 4 * stride), d = Quarters(source + 3 * stride, 4 * stride);
        Vector512<double> ab = Avx512F.UnpackLow(a, b).AsDouble(), cd = Avx512F.UnpackLow(c, d).AsDouble();
        Vector512<double> abHigh = Avx512F.UnpackHigh(a, b).AsDouble(), cdHigh = Avx512F.UnpackHigh(c, d).AsDouble();
        Avx512F.UnpackLow(ab, cd).AsSingle().Store(target);
        Avx512F.UnpackHigh(ab, cd).AsSingle().Store(target + width);
        Avx512F.UnpackLow(abHigh, cdHigh).AsSingle().Store(target + 2 * width);
        Avx512F.UnpackHigh(abHigh, cdHigh).AsSingle().Store(target + 3 * width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Quarters(float* source, long stride) => Vector512.Create(
        Vector256.Create(Vector128.Load(source), Vector128.Load(source + stride)),
        Vector256.Create(Vector128.Load(source + 2 * stride), Vector128.Load(source + 3 * stride)));

    // (a0, b0, a1, b1), or the same of the upper halves.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Interleave(Vector128<float> a, Vector128<float> b, bool high)
    {
        if (Sse.IsSupported)
            return high ? Sse.UnpackHigh(a, b) : Sse.UnpackLow(a, b);
        if (AdvSimd.Arm64.IsSupported)
            return high ? AdvSimd.Arm64.ZipHigh(a, b) : AdvSimd.Arm64.ZipLow(a, b);
        return high ? Vector128.Create(a[2], b[2], a[3], b[3]) : Vector128.Create(a[0], b[0], a[1], b[1]);
    }
}

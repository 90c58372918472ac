using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Matrices;

/// <summary>Copies pieces of matrices into the dense panels that <see cref="IMatrixKernel"/> reads; missing columns become zero.</summary>
internal static unsafe class MatrixPacking
{
    /// <summary>
    /// panel[r, c] = source[r, c] for <paramref name="rows"/> rows of <paramref name="columns"/> numbers, <paramref name="width"/> a row in
    /// the panel.
    /// </summary>
    public static void Copy(float* source, long stride, int rows, int columns, float* panel, int width)
    {
        for (int r = 0; r < rows; r++, source += stride, panel += width)
        {
            if (columns == width && width % 4 == 0)
            {
                for (int c = 0; c < width; c += 4)
                    Vector128.Load(source + c).Store(panel + c);
                continue;
            }
            for (int c = 0; c < columns; c++)
                panel[c] = source[c];
            for (int c = columns; c < width; c++)
                panel[c] = 0;
        }
    }

    /// <summary>
    /// panel[c, r] = source[r, c] for <paramref name="rows"/> rows of <paramref name="columns"/> numbers, <paramref name="width"/> a row in
    /// the panel.
    /// </summary>
    public static void Transpose(float* source, long stride, int rows, int columns, float* panel, int width)
    {
        int r = 0;
        for (; r + 4 <= rows; r += 4)
        {
            float* from = source + r * stride;
            int c = 0;
            for (; c + 4 <= columns; c += 4)
                Transpose4(from + c, stride, panel + (long)c * width + r, width);
            for (; c < columns; c++)
                for (int i = 0; i < 4; i++)
                    panel[(long)c * width + r + i] = from[i * stride + c];
        }
        for (; r < width; r++)
            for (int c = 0; c < columns; c++)
                panel[(long)c * width + r] = r < rows ? source[r * stride + c] : 0;
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

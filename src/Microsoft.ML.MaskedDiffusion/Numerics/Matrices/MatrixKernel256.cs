using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Matrices;

/// <summary>6 rows by 16 columns in 12 accumulators: what AVX2's 16 registers hold. Other processors run it too.</summary>
internal readonly unsafe struct MatrixKernel256 : IMatrixKernel
{
    public static int Rows => 6;

    public static int Columns => 16;

    public static void Multiply(byte* a, nint row, nint step, float* b, float* c, nint ldc, int k, int rows, bool add)
    {
        if (rows == 6)
        {
            Rows6(a, row, step, b, c, ldc, k, add);
            return;
        }
        for (; rows > 1; rows -= 4, a += 4 * row, c += 4 * ldc)
            Rows4(a, row, step, b, c, ldc, k, Math.Min(4, rows), add);
        if (rows == 1)
            Rows1(a, row, step, b, c, ldc, k, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows6(byte* a, nint row, nint step, float* b, float* c, nint ldc, int k, bool add)
    {
        Vector256<float> l0 = default, h0 = default;
        Vector256<float> l1 = default, h1 = default;
        Vector256<float> l2 = default, h2 = default;
        Vector256<float> l3 = default, h3 = default;
        Vector256<float> l4 = default, h4 = default;
        Vector256<float> l5 = default, h5 = default;
        nint row3 = 3 * row;
        byte* a4 = a + 4 * row;
        for (; k > 0; k--)
        {
            Vector256<float> low = Vector256.Load(b), high = Vector256.Load(b + 8), x;
            x = Vector256.Create(*(float*)(a));
            l0 = Vector256.FusedMultiplyAdd(x, low, l0);
            h0 = Vector256.FusedMultiplyAdd(x, high, h0);
            x = Vector256.Create(*(float*)(a + row));
            l1 = Vector256.FusedMultiplyAdd(x, low, l1);
            h1 = Vector256.FusedMultiplyAdd(x, high, h1);
            x = Vector256.Create(*(float*)(a + 2 * row));
            l2 = Vector256.FusedMultiplyAdd(x, low, l2);
            h2 = Vector256.FusedMultiplyAdd(x, high, h2);
            x = Vector256.Create(*(float*)(a + row3));
            l3 = Vector256.FusedMultiplyAdd(x, low, l3);
            h3 = Vector256.FusedMultiplyAdd(x, high, h3);
            x = Vector256.Create(*(float*)(a4));
            l4 = Vector256.FusedMultiplyAdd(x, low, l4);
            h4 = Vector256.FusedMultiplyAdd(x, high, h4);
            x = Vector256.Create(*(float*)(a4 + row));
            l5 = Vector256.FusedMultiplyAdd(x, low, l5);
            h5 = Vector256.FusedMultiplyAdd(x, high, h5);
            b += 16;
            a += step;
            a4 += step;
        }
        Store(c, l0, h0, add);
        Store(c + ldc, l1, h1, add);
        Store(c + 2 * ldc, l2, h2, add);
        Store(c + 3 * ldc, l3, h3, add);
        Store(c + 4 * ldc, l4, h4, add);
        Store(c + 5 * ldc, l5, h5, add);
    }

    // The last row stands in for those that are not there, which costs less than another pass over B.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows4(byte* a, nint row, nint step, float* b, float* c, nint ldc, int k, int rows, bool add)
    {
        Vector256<float> l0 = default, h0 = default;
        Vector256<float> l1 = default, h1 = default;
        Vector256<float> l2 = default, h2 = default;
        Vector256<float> l3 = default, h3 = default;
        nint row1 = Math.Min(1, rows - 1) * row;
        nint row2 = Math.Min(2, rows - 1) * row;
        nint row3 = Math.Min(3, rows - 1) * row;
        for (; k > 0; k--)
        {
            Vector256<float> low = Vector256.Load(b), high = Vector256.Load(b + 8), x;
            x = Vector256.Create(*(float*)(a));
            l0 = Vector256.FusedMultiplyAdd(x, low, l0);
            h0 = Vector256.FusedMultiplyAdd(x, high, h0);
            x = Vector256.Create(*(float*)(a + row1));
            l1 = Vector256.FusedMultiplyAdd(x, low, l1);
            h1 = Vector256.FusedMultiplyAdd(x, high, h1);
            x = Vector256.Create(*(float*)(a + row2));
            l2 = Vector256.FusedMultiplyAdd(x, low, l2);
            h2 = Vector256.FusedMultiplyAdd(x, high, h2);
            x = Vector256.Create(*(float*)(a + row3));
            l3 = Vector256.FusedMultiplyAdd(x, low, l3);
            h3 = Vector256.FusedMultiplyAdd(x, high, h3);
            b += 16;
            a += step;
        }
        Store(c, l0, h0, add);
        Store(c + ldc, l1, h1, add);
        if (rows > 2)
            Store(c + 2 * ldc, l2, h2, add);
        if (rows > 3)
            Store(c + 3 * ldc, l3, h3, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows1(byte* a, nint row, nint step, float* b, float* c, nint ldc, int k, bool add)
    {
        Vector256<float> l0 = default, h0 = default;
        for (; k > 0; k--)
        {
            Vector256<float> low = Vector256.Load(b), high = Vector256.Load(b + 8), x;
            x = Vector256.Create(*(float*)(a));
            l0 = Vector256.FusedMultiplyAdd(x, low, l0);
            h0 = Vector256.FusedMultiplyAdd(x, high, h0);
            b += 16;
            a += step;
        }
        Store(c, l0, h0, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* c, Vector256<float> low, Vector256<float> high, bool add)
    {
        if (add)
        {
            low += Vector256.Load(c);
            high += Vector256.Load(c + 8);
        }
        low.Store(c);
        high.Store(c + 8);
    }
}

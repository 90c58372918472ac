using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Matrices;

/// <summary>12 rows by 32 columns in 24 accumulators: what AVX-512's 32 registers hold.</summary>
internal readonly unsafe struct MatrixKernel512 : IMatrixKernel
{
    public static int Rows => 12;

    public static int Columns => 32;

    public static void Multiply(byte* a, nint row, nint step, float* b, float* c, nint ldc, int k, int rows, bool add)
    {
        if (rows == 12)
        {
            Rows12(a, row, step, b, c, ldc, k, add);
            return;
        }
        for (; rows > 4; rows -= 8, a += 8 * row, c += 8 * ldc)
            Rows8(a, row, step, b, c, ldc, k, Math.Min(8, rows), add);
        if (rows > 1)
            Rows4(a, row, step, b, c, ldc, k, rows, add);
        else if (rows == 1)
            Rows1(a, row, step, b, c, ldc, k, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows12(byte* a, nint row, nint step, float* b, float* c, nint ldc, int k, bool add)
    {
        Vector512<float> l0 = default, h0 = default;
        Vector512<float> l1 = default, h1 = default;
        Vector512<float> l2 = default, h2 = default;
        Vector512<float> l3 = default, h3 = default;
        Vector512<float> l4 = default, h4 = default;
        Vector512<float> l5 = default, h5 = default;
        Vector512<float> l6 = default, h6 = default;
        Vector512<float> l7 = default, h7 = default;
        Vector512<float> l8 = default, h8 = default;
        Vector512<float> l9 = default, h9 = default;
        Vector512<float> l10 = default, h10 = default;
        Vector512<float> l11 = default, h11 = default;
        nint row3 = 3 * row;
        byte* a4 = a + 4 * row;
        byte* a8 = a + 8 * row;
        Prefetch(c, ldc, 12);
        for (; k > 0; k--)
        {
            Vector512<float> low = Vector512.Load(b), high = Vector512.Load(b + 16), x;
            x = Vector512.Create(*(float*)(a));
            l0 = Vector512.FusedMultiplyAdd(x, low, l0);
            h0 = Vector512.FusedMultiplyAdd(x, high, h0);
            x = Vector512.Create(*(float*)(a + row));
            l1 = Vector512.FusedMultiplyAdd(x, low, l1);
            h1 = Vector512.FusedMultiplyAdd(x, high, h1);
            x = Vector512.Create(*(float*)(a + 2 * row));
            l2 = Vector512.FusedMultiplyAdd(x, low, l2);
            h2 = Vector512.FusedMultiplyAdd(x, high, h2);
            x = Vector512.Create(*(float*)(a + row3));
            l3 = Vector512.FusedMultiplyAdd(x, low, l3);
            h3 = Vector512.FusedMultiplyAdd(x, high, h3);
            x = Vector512.Create(*(float*)(a4));
            l4 = Vector512.FusedMultiplyAdd(x, low, l4);
            h4 = Vector512.FusedMultiplyAdd(x, high, h4);
            x = Vector512.Create(*(float*)(a4 + row));
            l5 = Vector512.FusedMultiplyAdd(x, low, l5);
            h5 = Vector512.FusedMultiplyAdd(x, high, h5);
            x = Vector512.Create(*(float*)(a4 + 2 * row));
            l6 = Vector512.FusedMultiplyAdd(x, low, l6);
            h6 = Vector512.FusedMultiplyAdd(x, high, h6);
            x = Vector512.Create(*(float*)(a4 + row3));
            l7 = Vector512.FusedMultiplyAdd(x, low, l7);
            h7 = Vector512.FusedMultiplyAdd(x, high, h7);
            x = Vector512.Create(*(float*)(a8));
            l8 = Vector512.FusedMultiplyAdd(x, low, l8);
            h8 = Vector512.FusedMultiplyAdd(x, high, h8);
            x = Vector512.Create(*(float*)(a8 + row));
            l9 = Vector512.FusedMultiplyAdd(x, low, l9);
            h9 = Vector512.FusedMultiplyAdd(x, high, h9);
            x = Vector512.Create(*(float*)(a8 + 2 * row));
            l10 = Vector512.FusedMultiplyAdd(x, low, l10);
            h10 = Vector512.FusedMultiplyAdd(x, high, h10);
            x = Vector512.Create(*(float*)(a8 + row3));
            l11 = Vector512.FusedMultiplyAdd(x, low, l11);
            h11 = Vector512.FusedMultiplyAdd(x, high, h11);
            b += 32;
            a += step;
            a4 += step;
            a8 += step;
        }
        Store(c, l0, h0, add);
        Store(c + ldc, l1, h1, add);
        Store(c + 2 * ldc, l2, h2, add);
        Store(c + 3 * ldc, l3, h3, add);
        Store(c + 4 * ldc, l4, h4, add);
        Store(c + 5 * ldc, l5, h5, add);
        Store(c + 6 * ldc, l6, h6, add);
        Store(c + 7 * ldc, l7, h7, add);
        Store(c + 8 * ldc, l8, h8, add);
        Store(c + 9 * ldc, l9, h9, add);
        Store(c + 10 * ldc, l10, h10, add);
        Store(c + 11 * ldc, l11, h11, add);
    }

    // The last row stands in for those that are not there, which costs less than another pass over B.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows8(byte* a, nint row, nint step, float* b, float* c, nint ldc, int k, int rows, bool add)
    {
        Vector512<float> l0 = default, h0 = default;
        Vector512<float> l1 = default, h1 = default;
        Vector512<float> l2 = default, h2 = default;
        Vector512<float> l3 = default, h3 = default;
        Vector512<float> l4 = default, h4 = default;
        Vector512<float> l5 = default, h5 = default;
        Vector512<float> l6 = default, h6 = default;
        Vector512<float> l7 = default, h7 = default;
        nint row1 = Math.Min(1, rows - 1) * row;
        nint row2 = Math.Min(2, rows - 1) * row;
        nint row3 = Math.Min(3, rows - 1) * row;
        nint row4 = Math.Min(4, rows - 1) * row;
        nint row5 = Math.Min(5, rows - 1) * row;
        nint row6 = Math.Min(6, rows - 1) * row;
        nint row7 = Math.Min(7, rows - 1) * row;
        for (; k > 0; k--)
        {
            Vector512<float> low = Vector512.Load(b), high = Vector512.Load(b + 16), x;
            x = Vector512.Create(*(float*)(a));
            l0 = Vector512.FusedMultiplyAdd(x, low, l0);
            h0 = Vector512.FusedMultiplyAdd(x, high, h0);
            x = Vector512.Create(*(float*)(a + row1));
            l1 = Vector512.FusedMultiplyAdd(x, low, l1);
            h1 = Vector512.FusedMultiplyAdd(x, high, h1);
            x = Vector512.Create(*(float*)(a + row2));
            l2 = Vector512.FusedMultiplyAdd(x, low, l2);
            h2 = Vector512.FusedMultiplyAdd(x, high, h2);
            x = Vector512.Create(*(float*)(a + row3));
            l3 = Vector512.FusedMultiplyAdd(x, low, l3);
            h3 = Vector512.FusedMultiplyAdd(x, high, h3);
            x = Vector512.Create(*(float*)(a + row4));
            l4 = Vector512.FusedMultiplyAdd(x, low, l4);
            h4 = Vector512.FusedMultiplyAdd(x, high, h4);
            x = Vector512.Create(*(float*)(a + row5));
            l5 = Vector512.FusedMultiplyAdd(x, low, l5);
            h5 = Vector512.FusedMultiplyAdd(x, high, h5);
            x = Vector512.Create(*(float*)(a + row6));
            l6 = Vector512.FusedMultiplyAdd(x, low, l6);
            h6 = Vector512.FusedMultiplyAdd(x, high, h6);
            x = Vector512.Create(*(float*)(a + row7));
            l7 = Vector512.FusedMultiplyAdd(x, low, l7);
            h7 = Vector512.FusedMultiplyAdd(x, high, h7);
            b += 32;
            a += step;
        }
        Store(c, l0, h0, add);
        Store(c + ldc, l1, h1, add);
        Store(c + 2 * ldc, l2, h2, add);
        Store(c + 3 * ldc, l3, h3, add);
        Store(c + 4 * ldc, l4, h4, add);
        if (rows > 5)
            Store(c + 5 * ldc, l5, h5, add);
        if (rows > 6)
            Store(c + 6 * ldc, l6, h6, add);
        if (rows > 7)
            Store(c + 7 * ldc, l7, h7, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows4(byte* a, nint row, nint step, float* b, float* c, nint ldc, int k, int rows, bool add)
    {
        Vector512<float> l0 = default, h0 = default;
        Vector512<float> l1 = default, h1 = default;
        Vector512<float> l2 = default, h2 = default;
        Vector512<float> l3 = default, h3 = default;
        nint row1 = Math.Min(1, rows - 1) * row;
        nint row2 = Math.Min(2, rows - 1) * row;
        nint row3 = Math.Min(3, rows - 1) * row;
        for (; k > 0; k--)
        {
            Vector512<float> low = Vector512.Load(b), high = Vector512.Load(b + 16), x;
            x = Vector512.Create(*(float*)(a));
            l0 = Vector512.FusedMultiplyAdd(x, low, l0);
            h0 = Vector512.FusedMultiplyAdd(x, high, h0);
            x = Vector512.Create(*(float*)(a + row1));
            l1 = Vector512.FusedMultiplyAdd(x, low, l1);
            h1 = Vector512.FusedMultiplyAdd(x, high, h1);
            x = Vector512.Create(*(float*)(a + row2));
            l2 = Vector512.FusedMultiplyAdd(x, low, l2);
            h2 = Vector512.FusedMultiplyAdd(x, high, h2);
            x = Vector512.Create(*(float*)(a + row3));
            l3 = Vector512.FusedMultiplyAdd(x, low, l3);
            h3 = Vector512.FusedMultiplyAdd(x, high, h3);
            b += 32;
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
        Vector512<float> l0 = default, h0 = default;
        for (; k > 0; k--)
        {
            Vector512<float> low = Vector512.Load(b), high = Vector512.Load(b + 16), x;
            x = Vector512.Create(*(float*)(a));
            l0 = Vector512.FusedMultiplyAdd(x, low, l0);
            h0 = Vector512.FusedMultiplyAdd(x, high, h0);
            b += 32;
            a += step;
        }
        Store(c, l0, h0, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* c, Vector512<float> low, Vector512<float> high, bool add)
    {
        if (add)
        {
            low += Vector512.Load(c);
            high += Vector512.Load(c + 16);
        }
        low.Store(c);
        high.Store(c + 16);
    }

    // The tile of C comes from memory while the products are added up.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(float* c, nint ldc, int rows)
    {
        if (!Sse.IsSupported)
            return;
        for (int i = 0; i < rows; i++, c += ldc)
        {
            Sse.Prefetch0(c);
            Sse.Prefetch0(c + 16);
        }
    }
}

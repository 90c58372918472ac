using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What is computed from bfloat16 numbers has the bits of what is computed from the same numbers in 32 bits.</summary>
[TestClass]
public sealed unsafe class WeightMatrixTests
{
    [TestMethod]
    [DataRow(1, 1, 1)]
    [DataRow(5, 7, 3)]
    [DataRow(13, 33, 66)]
    [DataRow(13, 33, 65)]
    // Over several blocks of depth, the last of them short.
    [DataRow(47, 300, 514)]
    [DataRow(25, 7, 1201)]
    // Many rows, which several tasks share.
    [DataRow(700, 290, 34)]
    [DataRow(1, 900, 520)]
    [DataRow(9, 900, 520)]
    public void ProductsHaveTheBitsOfWideNumbers(int m, int n, int k)
    {
        foreach (bool add in new[] { false, true })
        {
            int lda = k + 2, ldc = n + 3;
            float[] a = MatrixProductTests.Draws(m * lda, 1), c = MatrixProductTests.Draws(m * ldc, 3), expected = [.. c];
            (ushort[] narrow, float[] wide) = Draws(n * k);
            fixed (float* pa = a, pwide = wide, pc = c, pexpected = expected)
            fixed (ushort* pnarrow = narrow)
            {
                MatrixProduct.Multiply(m, n, k, pa, lda, false, pwide, k, true, pexpected, ldc, add);
                new PackedMatrix(new WeightMatrix(pnarrow), n, k, null).Multiply(m, pa, lda, pc, ldc, add);
            }
            CollectionAssert.AreEqual(expected, c);
        }
    }

    [TestMethod]
    [DataRow(2, 5, 8)]
    [DataRow(16, 32, 16)]
    [DataRow(19, 31, 32)]
    [DataRow(32, 512, 32)]
    [DataRow(3, 1, 16)]
    public void PanelsAreThoseOfWideNumbers(int rows, int columns, int width)
    {
        width = Math.Max(16, width);
        foreach (int stride in new[] { columns, columns + 1, columns + 2 })
        {
            (ushort[] narrow, float[] wide) = Draws(rows * stride);
            float[] expected = new float[columns * width], actual = new float[columns * width];
            fixed (float* from = wide, panel = expected, other = actual)
            fixed (ushort* source = narrow)
            {
                MatrixPacking.Transpose(from, stride, Math.Min(rows, width), columns, panel, width);
                MatrixPacking.TransposeNarrow(source, stride, Math.Min(rows, width), columns, other, width);
            }
            CollectionAssert.AreEqual(expected, actual, $"{stride} apart");
        }
    }

    [TestMethod]
    public void RowsOfATableAreWidened()
    {
        const int Width = 37;
        (ushort[] narrow, float[] wide) = Draws(11 * Width);
        long[] tokens = [3, 10, 3, 0];
        float[] expected = new float[tokens.Length * Width], actual = new float[tokens.Length * Width];
        fixed (float* table = wide, to = expected, other = actual)
        fixed (ushort* halves = narrow)
        fixed (long* ids = tokens)
        {
            EmbeddingKernels.Gather(table, ids, to, tokens.Length, Width);
            EmbeddingKernels.Gather(new WeightMatrix(halves), ids, other, tokens.Length, Width);
        }
        CollectionAssert.AreEqual(expected, actual);
    }

    [TestMethod]
    public void NumbersThatAreNotFiniteAreFoundWhereverTheyStand()
    {
        var numbers = new ushort[133];
        // The largest numbers there are, of both signs.
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = i % 2 == 0 ? (ushort)0x7F7F : (ushort)0xFF7F;
        Assert.IsTrue(BFloat16Kernels.AreFinite(numbers));
        foreach (ushort bad in new ushort[] { 0x7F80, 0xFF80, 0x7FC0, 0xFFFF, 0x7F81 })
        {
            for (int i = 0; i < numbers.Length; i++)
            {
                ushort kept = numbers[i];
                numbers[i] = bad;
                Assert.IsFalse(BFloat16Kernels.AreFinite(numbers), $"{bad:X4} at {i}");
                numbers[i] = kept;
            }
        }
    }

    private static (ushort[] Narrow, float[] Wide) Draws(int count)
    {
        var narrow = new ushort[count];
        var wide = new float[count];
        fixed (float* from = MatrixProductTests.Draws(count, 2), to = wide)
        fixed (ushort* packed = narrow)
        {
            BFloat16Kernels.Narrow(from, packed, count);
            BFloat16Kernels.Widen(packed, to, count);
        }
        return (narrow, wide);
    }
}

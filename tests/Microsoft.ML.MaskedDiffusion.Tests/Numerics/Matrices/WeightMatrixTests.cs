using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>What is computed from narrow numbers has the bits of what is computed from the same numbers in 32 bits.</summary>
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

            (sbyte[] integers, float[] scales, wide) = Integers(n, k);
            (c, expected) = (MatrixProductTests.Draws(m * ldc, 3), MatrixProductTests.Draws(m * ldc, 3));
            fixed (float* pa = a, pwide = wide, pc = c, pexpected = expected, pscales = scales)
            fixed (sbyte* pintegers = integers)
            {
                MatrixProduct.Multiply(m, n, k, pa, lda, false, pwide, k, true, pexpected, ldc, add);
                new PackedMatrix(new WeightMatrix(pintegers, pscales), n, k, null).Multiply(m, pa, lda, pc, ldc, add);
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
    [DataRow(32, 4, 32)]
    [DataRow(5, 12, 32)]
    [DataRow(31, 500, 32)]
    public void PanelsAreThoseOfWideNumbers(int rows, int columns, int width)
    {
        width = Math.Max(16, width);
        foreach (int stride in new[] { columns, columns + 1, columns + 2, columns + 4 })
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

            (sbyte[] integers, float[] scales, wide) = Integers(rows, stride);
            (expected, actual) = (new float[columns * width], new float[columns * width]);
            fixed (float* from = wide, panel = expected, other = actual, factors = scales)
            fixed (sbyte* source = integers)
            {
                MatrixPacking.Transpose(from, stride, Math.Min(rows, width), columns, panel, width);
                MatrixPacking.TransposeNarrow(source, factors, stride, Math.Min(rows, width), columns, other, width);
            }
            CollectionAssert.AreEqual(expected, actual, $"8 bits, {stride} apart");
        }
    }

    [TestMethod]
    public void RowsOfATableAreWidened()
    {
        const int Width = 137;
        (ushort[] narrow, float[] wide) = Draws(11 * Width);
        (sbyte[] integers, float[] scales, float[] wideIntegers) = Integers(11, Width);
        long[] tokens = [3, 10, 3, 0];
        float[] expected = new float[tokens.Length * Width], actual = new float[tokens.Length * Width];
        fixed (float* table = wideIntegers, factors = scales, to = expected, other = actual)
        fixed (sbyte* numbers = integers)
        fixed (long* ids = tokens)
        {
            EmbeddingKernels.Gather(table, ids, to, tokens.Length, Width);
            EmbeddingKernels.Gather(new WeightMatrix(numbers, factors), ids, other, tokens.Length, Width);
        }
        CollectionAssert.AreEqual(expected, actual);
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

    [TestMethod]
    public void AnotherFormThanIsThereIsRefused()
    {
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(
            () => _ = new WeightMatrix((ushort*)null).Floats).Message, "held in BFloat16, and Float32 is needed");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(
            () => _ = new WeightMatrix(null, null).BFloat16).Message, "held in Int8, and BFloat16 is needed");
        Assert.IsTrue(default(WeightMatrix).Floats is null);
    }

    // What the integers stand for is written by a plain loop.
    private static (sbyte[] Integers, float[] Scales, float[] Wide) Integers(int rows, int width)
    {
        var integers = new sbyte[rows * width];
        var scales = new float[rows];
        fixed (float* from = MatrixProductTests.Draws(rows * width, 4), to = scales)
        fixed (sbyte* numbers = integers)
            Int8Kernels.Quantize(from, numbers, to, rows, width);
        return (integers, scales, [.. integers.Select((number, i) => number * scales[i / width])]);
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

using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed unsafe class MatrixProductTests
{
    [TestMethod]
    [DataRow(1, 1, 1)]
    [DataRow(3, 5, 7)]
    [DataRow(12, 32, 4)]
    [DataRow(13, 33, 65)]
    [DataRow(47, 97, 176)]
    [DataRow(130, 300, 513)]
    [DataRow(25, 7, 1200)]
    [DataRow(700, 290, 33)]
    public void ProductsAgreeWithDoublePrecisionInEveryLayout(int m, int n, int k)
    {
        foreach (bool transposeA in new[] { false, true })
            foreach (bool transposeB in new[] { false, true })
                foreach (bool add in new[] { false, true })
                {
                    float[] a = Draws(m * k, 1), b = Draws(k * n, 2), before = Draws(m * n, 3), c = [.. before];
                    fixed (float* pa = a, pb = b, pc = c)
                        MatrixProduct.Multiply(m, n, k, pa, transposeA ? m : k, transposeA, pb, transposeB ? k : n, transposeB, pc, n, add);
                    for (int i = 0; i < m; i++)
                        for (int j = 0; j < n; j++)
                        {
                            double sum = add ? before[i * n + j] : 0, size = 1;
                            for (int p = 0; p < k; p++)
                            {
                                double term = (double)a[transposeA ? p * m + i : i * k + p] * b[transposeB ? j * k + p : p * n + j];
                                sum += term;
                                size += Math.Abs(term);
                            }
                            // A few units of rounding of the terms' size.
                            Assert.AreEqual(sum, c[i * n + j], size * 2e-6, $"element {i}, {j}; {transposeA}, {transposeB}, {add}");
                        }
                }
    }

    [TestMethod]
    public void ARowHasTheSameBitsAloneAndInAnyBatch()
    {
        foreach ((int n, int k) in new[] { (1, 16), (7, 37), (32, 64), (97, 176), (300, 600), (256, 1030) })
        {
            const int Rows = 200;
            float[] a = Draws(Rows * k, 4), b = Draws(k * n, 5), all = new float[Rows * n], some = new float[Rows * n];
            fixed (float* pa = a, pb = b, pall = all, psome = some)
            {
                MatrixProduct.Multiply(Rows, n, k, pa, k, false, pb, k, true, pall, n);
                foreach ((int first, int count) in new[] { (0, 1), (199, 1), (3, 2), (17, 12), (50, 13), (1, 96), (0, 199), (100, 100) })
                {
                    MatrixProduct.Multiply(count, n, k, pa + first * k, k, false, pb, k, true, psome, n);
                    Assert.IsTrue(
                        some.AsSpan(0, count * n).SequenceEqual(all.AsSpan(first * n, count * n)),
                        $"{count} rows from {first} of [{n}, {k}]");
                }
            }
        }
    }

    [TestMethod]
    public void TheKernelsOfAllVectorWidthsGiveTheSameBits()
    {
        const int N = 75, K = 530;
        foreach (int m in Enumerable.Range(1, 12).Append(29))
        {
            float[] a = Draws(m * K, 6), b = Draws(K * N, 7), wide = Draws(m * N, 8), narrow = [.. wide];
            fixed (float* pa = a, pb = b, pw = wide, pn = narrow)
            {
                MatrixProduct.Blocks<MatrixKernel512>(m, N, K, pa, K, false, pb, N, false, pw, N, add: true);
                MatrixProduct.Blocks<MatrixKernel256>(m, N, K, pa, K, false, pb, N, false, pn, N, add: true);
            }
            CollectionAssert.AreEqual(wide, narrow);
        }
    }

    [TestMethod]
    [DataRow(130, 300, 513)]
    [DataRow(96, 32, 40)]
    [DataRow(401, 33, 1100)]
    [DataRow(20, 1500, 1600)]
    [DataRow(61, 2100, 1030)]
    public void TransposedProductsHaveTheBitsOfOneThreadsBlocks(int m, int n, int k)
    {
        // The last two pack B in several slabs.
        float[] a = Draws(m * k, 10), b = Draws(k * n, 11), before = Draws(m * n, 12);
        foreach ((bool add, bool rounded) in new[] { (false, false), (true, false), (true, true) })
        {
            float[] expected = [.. before], wide = [.. before], narrow = [.. before];
            fixed (float* pa = a, pb = b, pe = expected, pw = wide, pn = narrow)
            {
                MatrixProduct.Blocks<MatrixKernel512>(m, n, k, pa, m, true, pb, n, false, pe, n, add, rounded);
                TransposedProduct.Multiply<MatrixKernel512>(m, n, k, pa, m, pb, n, pw, n, add, rounded);
                TransposedProduct.Multiply<MatrixKernel256>(m, n, k, pa, m, pb, n, pn, n, add, rounded);
            }
            CollectionAssert.AreEqual(expected, wide, $"512 bits, {add}, {rounded}");
            CollectionAssert.AreEqual(expected, narrow, $"256 bits, {add}, {rounded}");
        }
    }

    [TestMethod]
    public void AProductOverNothingIsZero()
    {
        float[] c = Draws(6, 9);
        fixed (float* pc = c)
            MatrixProduct.Multiply(2, 3, 0, pc, 0, false, pc, 3, false, pc, 3);
        CollectionAssert.AreEqual(new float[6], c);
    }

    internal static float[] Draws(int count, ulong stream, double deviation = 1)
    {
        var values = new float[count];
        new CounterRandom(99, stream, RandomPurpose.Example).FillNormal(values, deviation);
        return values;
    }
}

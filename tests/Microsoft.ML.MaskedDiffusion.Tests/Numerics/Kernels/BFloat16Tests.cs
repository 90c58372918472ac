using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed unsafe class BFloat16Tests
{
    private static readonly float[] Special =
    [
        0, -0f, 1, -1, float.Epsilon, -float.Epsilon, float.MaxValue, float.MinValue, float.PositiveInfinity, float.NegativeInfinity,
        1 + 1f / 256, 1 + 3f / 256, // halfway between two: to the even one
        1 + 1f / 256 + 1e-7f, BitConverter.UInt32BitsToSingle(0x7F7F8000), BitConverter.UInt32BitsToSingle(0x7F7F7FFF),
        BitConverter.UInt32BitsToSingle(0x00008000),
    ];

    [TestMethod]
    [DataRow(1)]
    [DataRow(31)]
    [DataRow(32)]
    [DataRow(70_001)]
    public void RoundingIsTorchs(int count)
    {
        using var scope = NewDisposeScope();
        float[] values = [.. Special.Concat(MatrixProductTests.Draws(count, 1)).Take(count)], rounded = [.. values];
        float[] narrowed = new float[count];
        float[] expected = tensor(values).to(ScalarType.BFloat16).to(ScalarType.Float32).data<float>().ToArray();
        var halves = new ushort[count];
        fixed (float* from = values, to = rounded, back = narrowed)
        fixed (ushort* packed = halves)
        {
            BFloat16Kernels.RoundAll(to, count);
            BFloat16Kernels.Narrow(from, packed, count);
            BFloat16Kernels.Widen(packed, back, count);
        }
        for (int i = 0; i < count; i++)
        {
            Assert.AreEqual(BitConverter.SingleToUInt32Bits(expected[i]), BitConverter.SingleToUInt32Bits(rounded[i]), $"{values[i]:G9}");
            Assert.AreEqual(
                BitConverter.SingleToUInt32Bits(expected[i]), BitConverter.SingleToUInt32Bits(narrowed[i]),
                $"{values[i]:G9} in half the memory");
        }
    }

    [TestMethod]
    public void NotANumberStaysSo()
    {
        foreach (uint bits in new uint[] { 0x7F800001, 0x7FFFFFFF, 0xFFFFFFFF, 0x7FC00000, 0xFF800001 })
        {
            float value = BitConverter.UInt32BitsToSingle(bits), rounded;
            BFloat16Kernels.Round(&value, &rounded, 1);
            Assert.IsTrue(float.IsNaN(rounded), bits.ToString("X8"));
        }
    }

    [TestMethod]
    [DataRow(1, 1, 1)]
    [DataRow(13, 33, 65)]
    [DataRow(130, 300, 513)]
    [DataRow(25, 7, 1200)]
    public void ProductsAreThoseOfRoundedOperands(int m, int n, int k)
    {
        float[] a = MatrixProductTests.Draws(m * k, 1), b = MatrixProductTests.Draws(k * n, 2), before = MatrixProductTests.Draws(m * n, 3);
        float[] roundedA = Rounded(a), roundedB = Rounded(b);
        foreach (bool transposeA in new[] { false, true })
            foreach (bool transposeB in new[] { false, true })
            {
                float[] c = [.. before];
                fixed (float* pa = a, pb = b, pc = c)
                    MatrixProduct.MultiplyOwn(
                        m, n, k, pa, transposeA ? m : k, transposeA, pb, transposeB ? k : n, transposeB, pc, n, add: true, rounded: true);
                for (int i = 0; i < m; i++)
                    for (int j = 0; j < n; j++)
                    {
                        double sum = before[i * n + j], size = 1;
                        for (int p = 0; p < k; p++)
                        {
                            double term =
                                (double)roundedA[transposeA ? p * m + i : i * k + p] * roundedB[transposeB ? j * k + p : p * n + j];
                            sum += term;
                            size += Math.Abs(term);
                        }
                        // Sums stay 32-bit: a few units of their rounding.
                        Assert.AreEqual(sum, c[i * n + j], size * 2e-6, $"element {i}, {j}; {transposeA}, {transposeB}");
                    }
            }
    }

    [TestMethod]
    public void ARowOfARoundedProductHasTheSameBitsInAnyBatchAndKernel()
    {
        const int Rows = 200, N = 97, K = 530;
        float[] a = MatrixProductTests.Draws(Rows * K, 4), b = MatrixProductTests.Draws(K * N, 5), all = new float[Rows * N];
        float[] some = new float[Rows * N];
        fixed (float* pa = a, pb = b, pall = all, psome = some)
        {
            MatrixProduct.Multiply(Rows, N, K, pa, K, false, pb, K, true, pall, N, rounded: true);
            foreach ((int first, int count) in new[] { (0, 1), (199, 1), (3, 2), (17, 13), (1, 96), (0, 199) })
            {
                MatrixProduct.Multiply(count, N, K, pa + first * K, K, false, pb, K, true, psome, N, rounded: true);
                Assert.IsTrue(some.AsSpan(0, count * N).SequenceEqual(all.AsSpan(first * N, count * N)), $"{count} rows from {first}");
            }
            MatrixProduct.Blocks<MatrixKernel512>(Rows, N, K, pa, K, false, pb, K, true, psome, N, add: false, rounded: true);
            CollectionAssert.AreEqual(all, some);
            MatrixProduct.Blocks<MatrixKernel256>(Rows, N, K, pa, K, false, pb, K, true, psome, N, add: false, rounded: true);
            CollectionAssert.AreEqual(all, some);
        }
    }

    private static float[] Rounded(float[] values)
    {
        using var scope = NewDisposeScope();
        return tensor(values).to(ScalarType.BFloat16).to(ScalarType.Float32).data<float>().ToArray();
    }
}

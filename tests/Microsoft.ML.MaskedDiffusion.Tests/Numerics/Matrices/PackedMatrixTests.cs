using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed unsafe class PackedMatrixTests
{
    [TestMethod]
    [DataRow(1, 1, 1)]
    [DataRow(5, 7, 3)]
    [DataRow(13, 33, 65)]
    [DataRow(47, 300, 513)]
    [DataRow(25, 7, 1200)]
    [DataRow(700, 290, 33)]
    // As few rows as the kernels have cases for, over several tasks of few columns.
    [DataRow(1, 900, 520)]
    [DataRow(2, 900, 520)]
    [DataRow(3, 900, 520)]
    [DataRow(5, 900, 520)]
    [DataRow(8, 900, 520)]
    [DataRow(9, 900, 520)]
    [DataRow(11, 900, 520)]
    [DataRow(16, 900, 520)]
    public void ProductsHaveTheBitsOfThePlainOnes(int m, int n, int k)
    {
        foreach ((bool add, bool rounded) in new[] { (false, false), (true, false), (false, true) })
        {
            // Rows of A and C stand a little apart, and what is between them stays.
            int lda = k + 2, ldc = n + 3;
            float[] a = MatrixProductTests.Draws(m * lda, 1), w = MatrixProductTests.Draws(n * k, 2);
            float[] plain = MatrixProductTests.Draws(m * ldc, 3), packed = [.. plain];
            float[] memory = new float[PackedMatrix.Size(n, k)];
            fixed (float* pa = a, pw = w, pplain = plain, ppacked = packed, pm = memory)
            {
                MatrixProduct.Multiply(m, n, k, pa, lda, false, pw, k, true, pplain, ldc, add, rounded);
                new PackedMatrix(pw, n, k, pm, rounded).Multiply(m, pa, lda, ppacked, ldc, add);
            }
            CollectionAssert.AreEqual(plain, packed);
        }
    }
}

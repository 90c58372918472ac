using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// libtorch's products of rounded operands, held to sums in double precision; on any processor, whether they are faster or not.
/// </summary>
[TestClass]
public sealed unsafe class BFloat16ProductTests
{
    [TestMethod]
    [DataRow(false, false, false)]
    [DataRow(false, true, false)]
    [DataRow(false, true, true)]
    [DataRow(true, false, true)]
    public void ProductsAreThoseOfRoundedOperandsAndAreRounded(bool transposeA, bool transposeB, bool add)
    {
        foreach ((int m, int n, int k) in new[] { (32, 5, 7), (97, 33, 40), (65, 64, 129) })
        {
            // Rows lie further apart than they are long, as in a part of a larger matrix.
            int aRows = transposeA ? k : m, lda = (transposeA ? m : k) + 3, bRows = transposeB ? n : k, ldb = (transposeB ? k : n) + 5;
            int ldc = n + 2;
            float[] a = Values(aRows * lda, 1), b = Values(bRows * ldb, 2), before = Values(m * ldc, 3), c = [.. before];
            fixed (float* pa = a, pb = b, pc = c)
                BFloat16Product.Multiply(m, n, k, pa, lda, transposeA, pb, ldb, transposeB, pc, ldc, add);
            Round(a);
            Round(b);
            for (int i = 0; i < m; i++)
            {
                for (int j = 0; j < n; j++)
                {
                    double sum = 0, size = 0;
                    for (int d = 0; d < k; d++)
                    {
                        double x = transposeA ? a[(d * lda) + i] : a[(i * lda) + d];
                        double y = transposeB ? b[(j * ldb) + d] : b[(d * ldb) + j];
                        sum += x * y;
                        size += Math.Abs(x * y);
                    }
                    double old = add ? before[(i * ldc) + j] : 0;
                    // A product has 8 significant bits, so half a unit is at most 2^-8 of it; sums of 32 bits are far closer than that.
                    double tolerance = (Math.Abs(sum) / 256) + (size * k * 6e-8) + (Math.Abs(old) * 1e-7) + 1e-7;
                    Assert.AreEqual(old + sum, c[(i * ldc) + j], tolerance, $"{m} x {n} x {k}, row {i}, column {j}");
                }
                Range between = ((i * ldc) + n)..((i + 1) * ldc);
                CollectionAssert.AreEqual(before[between], c[between], "between the rows");
            }
        }
    }

    [TestMethod]
    public void TorchKeepsItsThreadsAndGradients()
    {
        int threads = torch.get_num_threads();
        float[] a = Values(64 * 64, 1), c = new float[64 * 64];
        fixed (float* pa = a, pc = c)
            BFloat16Product.Multiply(64, 64, 64, pa, 64, false, pa, 64, false, pc, 64, add: false);
        Assert.AreEqual(threads, torch.get_num_threads());
        Assert.IsTrue(torch.is_grad_enabled());
        int elsewhere = 0;
        var thread = new Thread(() => elsewhere = torch.get_num_threads());
        thread.Start();
        thread.Join();
        Assert.AreEqual(threads, elsewhere, "a new thread");
    }

    [TestMethod]
    public void SeveralCallersAtOnceGetTheSameProducts()
    {
        int threads = torch.get_num_threads();
        float[] a = Values(96 * 80, 1), b = Values(80 * 72, 2);
        float[] Product()
        {
            float[] c = new float[96 * 72];
            fixed (float* pa = a, pb = b, pc = c)
                BFloat16Product.Multiply(96, 72, 80, pa, 80, false, pb, 72, false, pc, 72, add: false);
            return c;
        }
        float[] alone = Product();
        var wrong = new System.Collections.Concurrent.ConcurrentBag<int>();
        Thread[] callers = [.. Enumerable.Range(0, 4).Select(i => new Thread(() =>
        {
            for (int round = 0; round < 50; round++)
            {
                if (!Product().SequenceEqual(alone))
                    wrong.Add(i);
            }
        }))];
        foreach (Thread caller in callers)
            caller.Start();
        foreach (Thread caller in callers)
            caller.Join();
        Assert.IsEmpty(wrong);
        Assert.AreEqual(threads, torch.get_num_threads());
        int elsewhere = 0;
        var thread = new Thread(() => elsewhere = torch.get_num_threads());
        thread.Start();
        thread.Join();
        Assert.AreEqual(threads, elsewhere, "a new thread");
    }

    [TestMethod]
    public void SmallProductsAreNotWorthIt()
    {
        Assert.IsFalse(BFloat16Product.Fits(31, 1 << 12, 1 << 12));
        Assert.IsFalse(BFloat16Product.Fits(256, 64, 64));
        Assert.AreEqual(BFloat16Product.IsFaster, BFloat16Product.Fits(2048, 384, 1536));
    }

    private static float[] Values(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 2) - 1))];
    }

    private static void Round(float[] values)
    {
        fixed (float* p = values)
            BFloat16Kernels.Round(p, p, values.Length);
    }
}

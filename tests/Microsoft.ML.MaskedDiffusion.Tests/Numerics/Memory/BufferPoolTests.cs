using Microsoft.ML.MaskedDiffusion.Numerics.Memory;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed unsafe class BufferPoolTests
{
    [TestMethod]
    public void WhatComesBackIsLentAgain()
    {
        using var pool = new BufferPool();
        PooledBuffer first = pool.Rent(5000);
        float* address = first.Pointer;
        first.Dispose();
        using PooledBuffer second = pool.Rent(5000);
        Assert.IsTrue(address == second.Pointer);
        Assert.AreEqual(0, pool.KeptCount);
    }

    [TestMethod]
    public void ASmallerRequestGetsTheSmallestBlockThatHoldsIt()
    {
        using var pool = new BufferPool();
        PooledBuffer large = pool.Rent(90_000), small = pool.Rent(30_000);
        float* address = small.Pointer;
        large.Dispose();
        small.Dispose();
        long kept = pool.KeptCount;
        using PooledBuffer first = pool.Rent(20_000), second = pool.Rent(20_000);
        Assert.IsTrue(address == first.Pointer);
        Assert.AreEqual(0, pool.KeptCount, $"of {kept} floats, which were enough for both");
    }

    [TestMethod]
    public void ABlockIsCutIntoArraysOnCacheLines()
    {
        using var pool = new BufferPool();
        using PooledBuffer block = pool.Rent(PooledBuffer.Room(1) + PooledBuffer.Room(1000));
        float* first = block.Cut(1), second = block.Cut(1000);
        Assert.IsTrue(first == block.Pointer && second > first);
        Assert.AreEqual(0, (nint)second % 64);
        second[999] = 1;
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => block.Cut(4000));
    }

    [TestMethod]
    public void ManySizesDoNotPileUp()
    {
        using var pool = new BufferPool();
        for (int size = 100_000; size > 1000; size -= 1000)
        {
            using PooledBuffer one = pool.Rent(size), another = pool.Rent(size);
            one.Pointer[size - 1] = another.Pointer[size - 1] = 1;
        }
        // Two blocks of the largest size, which is rounded up by at most an eighth.
        Limit.AtMost(2 * 112_500, pool.KeptCount);
        Assert.IsGreaterThan(0, pool.KeptCount);
    }

    [TestMethod]
    public void TrimmingFreesWhatIsNotLent()
    {
        using var pool = new BufferPool();
        using PooledBuffer lent = pool.Rent(2000);
        pool.Rent(3000).Dispose();
        pool.Trim();
        Assert.AreEqual(0, pool.KeptCount);
        lent.Pointer[1999] = 1;
    }

    [TestMethod]
    public void WhatComesBackToADisposedPoolIsFreed()
    {
        var pool = new BufferPool();
        PooledBuffer lent = pool.Rent(2000);
        pool.Dispose();
        lent.Dispose();
        Assert.AreEqual(0, pool.KeptCount);
        Assert.ThrowsExactly<ObjectDisposedException>(() => pool.Rent(1));
    }
}

using Microsoft.ML.MaskedDiffusion.Numerics.Devices;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class WorkersTests
{
    [TestMethod]
    public void EveryIndexIsRunExactlyOnceFromManyThreadsAtOnce()
    {
        Parallel.For(0, 8, caller =>
        {
            for (int round = 0; round < 300; round++)
            {
                int[] runs = new int[(caller + round) % 40];
                Workers.Run(runs.Length, i => Interlocked.Increment(ref runs[i]));
                Assert.IsTrue(runs.All(n => n == 1));
            }
        });
    }

    [TestMethod]
    public void APieceOfWorkMayRunWorkItself()
    {
        int total = 0;
        Workers.Run(10, _ => Workers.Run(10, _ => Interlocked.Increment(ref total)));
        Assert.AreEqual(100, total);
    }

    [TestMethod]
    public void AnErrorReachesTheCallerAndTheNextRoundWorks()
    {
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Workers.Run(100, i =>
        {
            if (i == 40)
                throw new InvalidOperationException("forty");
        }));
        Assert.AreEqual("forty", error.Message);
        int sum = 0;
        Workers.Run(100, i => Interlocked.Add(ref sum, i));
        Assert.AreEqual(4950, sum);
    }

    [TestMethod]
    public void PiecesCoverAllRows()
    {
        bool[] seen = new bool[1001];
        Workers.Rows(seen.Length, 64, (first, last) => seen.AsSpan(first, last - first).Fill(true));
        Assert.IsTrue(seen.All(x => x));
    }
}

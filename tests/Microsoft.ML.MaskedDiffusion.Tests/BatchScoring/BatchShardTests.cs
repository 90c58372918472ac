namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Parts of a file.</summary>
[TestClass]
public sealed class BatchShardTests
{
    [TestMethod]
    [DataRow(0L)]
    [DataRow(1L)]
    [DataRow(10L)]
    [DataRow(long.MaxValue)]
    public void PartsFollowOneAnotherAndAreTheWhole(long length)
    {
        foreach (int count in new[] { 1, 2, 7, 100_000 })
        {
            long at = 0;
            foreach (int number in Enumerable.Range(1, count))
            {
                (long begin, long end) = new BatchShard(number, count).Of(length);
                Assert.AreEqual(at, begin);
                Assert.IsTrue(end >= begin && end - begin - 1 <= length / count, "parts are equally long");
                at = end;
            }
            Assert.AreEqual(length, at);
        }
    }

    [TestMethod]
    [DataRow("0/2")]
    [DataRow("3/2")]
    [DataRow("1")]
    [DataRow("1/2/3")]
    [DataRow("-1/2")]
    [DataRow(" 1/2")]
    [DataRow("1/100001")]
    [DataRow("a/b")]
    public void WhatIsNoPartIsSaid(string text)
    {
        FormatException error = Assert.ThrowsExactly<FormatException>(() => BatchShard.Parse(text));
        StringAssert.Contains(error.Message, "2/8");
    }

    [TestMethod]
    public void APartIsReadAsItIsWritten()
    {
        Assert.AreEqual(new BatchShard(2, 8), BatchShard.Parse("2/8"));
        Assert.AreEqual("2/8", new BatchShard(2, 8).ToString());
    }
}

using Microsoft.ML.MaskedDiffusion.Search;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class RoundPlanTests
{
    private static string Plan(int ranks, params int[] costs) =>
        string.Join(" | ", RoundPlan.Of(costs, cost => cost, ranks).Select(items => string.Join(' ', items)));

    [TestMethod]
    public void ALongItemGivesTheOthersSeveralShortOnes()
    {
        Assert.AreEqual("6 | 1 1 1 1 1 1 | 1 1 1 1 1 1", Plan(3, 6, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1));
        Assert.AreEqual("1 1 1 1 1 1 | 1 1 1 1 1 1 | 6", Plan(3, 1, 1, 6, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1));
        Assert.AreEqual("2 | 1 1 | 1 1 | 1 1", Plan(4, 2, 1, 1, 1, 1, 1, 1, 1));
    }

    [TestMethod]
    public void WhatWouldTakeLongerThanTheFirstItemsWaits()
    {
        Assert.AreEqual("1 | 1", Plan(2, 1, 1, 6, 1));
        Assert.AreEqual("2 | 1 1", Plan(2, 2, 1, 6, 1, 1));
    }

    [TestMethod]
    public void FewItemsLeaveRanksIdle()
    {
        Assert.AreEqual("5 | 1 | ", Plan(3, 5, 1));
        Assert.AreEqual(" | ", Plan(2));
    }

    [TestMethod]
    public void OneRankReadsOneItem()
    {
        static IEnumerable<int> Items()
        {
            yield return 3;
            throw new AssertFailedException("one rank needs no second item");
        }
        CollectionAssert.AreEqual(new[] { 3 }, RoundPlan.Of(Items(), cost => cost, 1).Single().ToArray());
    }
}

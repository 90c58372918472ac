using Microsoft.ML.MaskedDiffusion.Extensions.AI;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class FinalTextTests
{
    [TestMethod]
    public void TokensThatStayAreGivenUpToTheFirstGap()
    {
        var final = new FinalText(tokensStay: true, blockLength: null);
        Assert.AreEqual("", final.NewIn(GivenState.Of("", ["_", "b", "_"], 1)));
        Assert.AreEqual("ab", final.NewIn(GivenState.Of(" ab", [" a", "b", "_"], 0)), "without the space at its beginning");
        Assert.AreEqual("", final.NewIn(GivenState.Of(" ab ", [" a", "b", " ", "_"], 2)), "a space waits for what follows");
        Assert.AreEqual(" c", final.NewIn(GivenState.Of(" ab c", [" a", "b", " ", "c"], 3)));
    }

    [TestMethod]
    public void TokensThatCanBeMaskedAgainWaitForTheEndOfTheirBlock()
    {
        var final = new FinalText(tokensStay: false, blockLength: 2);
        Assert.AreEqual("", final.NewIn(GivenState.Of("a", ["a", "_", "_", "_"], 0)));
        Assert.AreEqual("", final.NewIn(GivenState.Of("ab", ["a", "b", "_", "_"], 1)));
        Assert.AreEqual("", final.NewIn(GivenState.Of("", ["_", "b", "_", "_"], 0)), "masked again");
        Assert.AreEqual("", final.NewIn(GivenState.Of("xb", ["x", "b", "_", "_"], 0)));
        Assert.AreEqual("xb", final.NewIn(GivenState.Of("xbc", ["x", "b", "c", "_"], 2)), "c may still be masked");
        Assert.AreEqual("", final.NewIn(GivenState.Of("xb", ["x", "b", "_", "d"], 2, 3)));
        Assert.AreEqual("yd", final.NewIn(GivenState.Done("xbyd", ["x", "b", "y", "d"], 2)));
    }
}

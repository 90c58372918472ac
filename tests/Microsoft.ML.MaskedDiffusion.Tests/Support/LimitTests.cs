namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class LimitTests
{
    [TestMethod]
    public void NaNIsWithinNoLimit()
    {
        Limit.Below(1, 0.5);
        Limit.AtMost(1, 1);
        foreach (double value in new[] { double.NaN, 1, 2 })
            Assert.ThrowsExactly<AssertFailedException>(() => Limit.Below(1, value));
        foreach (double value in new[] { double.NaN, 2 })
            Assert.ThrowsExactly<AssertFailedException>(() => Limit.AtMost(1, value));
        Assert.IsTrue(double.IsNaN(new[] { 1, double.NaN, 2 }.Largest()));
        Assert.IsTrue(float.IsNaN(new[] { 1, float.NaN, 2 }.Largest()));
        Assert.AreEqual(2, new[] { 1.0, 2.0 }.Largest());
    }

    [TestMethod]
    public void AnEqualityWithATolerancePassesNoNaN()
    {
        (double none, float noneOf32Bits) = (Math.Log(-1), MathF.Log(-1));
        Assert.ThrowsExactly<AssertFailedException>(() => Assert.AreEqual(1, none, 1e9));
        Assert.ThrowsExactly<AssertFailedException>(() => Assert.AreEqual(1f, noneOf32Bits, 1e9f));
    }
}

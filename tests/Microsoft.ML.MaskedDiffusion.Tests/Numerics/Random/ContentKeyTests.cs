using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class ContentKeyTests
{
    [TestMethod]
    public void TextKeysAreTheFirstBytesOfSha256()
    {
        // SHA-256("abc") begins ba7816bf8f01cfea (FIPS 180-4, example B.1); the key reads it little-endian.
        Assert.AreEqual(0xeacf018fbf1678baUL, ContentKey.Of("abc"));
        Assert.AreEqual(0x141cfc9842c4b0e3UL, ContentKey.Of(""));
    }

    [TestMethod]
    public void TokenKeysAreThoseOfTheirLittleEndianBytes()
    {
        Assert.AreEqual(ContentKey.Of("abcd"), ContentKey.Of([0x64636261]));
        Assert.AreNotEqual(ContentKey.Of([1, 2]), ContentKey.Of([2, 1]));
        Assert.AreNotEqual(ContentKey.Of([0]), ContentKey.Of([0, 0]));
    }

    [TestMethod]
    public void CombiningKeepsTheOrder() => Assert.AreNotEqual(ContentKey.Combine(1, 2), ContentKey.Combine(2, 1));
}

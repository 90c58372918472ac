using Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Normalization;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Cases of Unicode's annex 15; the Rust library is compared with in <see cref="HuggingFaceOracleTests"/>.</summary>
[TestClass]
public sealed class UnicodeNormalizerTests
{
    [TestMethod]
    [DataRow("e\u0301", "\u00E9", "e\u0301", "\u00E9", "e\u0301")]
    [DataRow("\u212B", "\u00C5", "A\u030A", "\u00C5", "A\u030A")]
    [DataRow("\u1E9B\u0323", "\u1E9B\u0323", "\u017F\u0323\u0307", "\u1E69", "s\u0323\u0307")]
    [DataRow("\uFB01", "\uFB01", "\uFB01", "fi", "fi")]
    [DataRow("\uAC01", "\uAC01", "\u1100\u1161\u11A8", "\uAC01", "\u1100\u1161\u11A8")]
    [DataRow("\u1100\u1161\u11A8", "\uAC01", "\u1100\u1161\u11A8", "\uAC01", "\u1100\u1161\u11A8")]
    [DataRow("a\u0315\u0300\u05AE", "\u00E0\u05AE\u0315", "a\u05AE\u0300\u0315", "\u00E0\u05AE\u0315", "a\u05AE\u0300\u0315")]
    [DataRow("\u0958", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C")]
    [DataRow("\U0001D15E", "\U0001D157\U0001D165", "\U0001D157\U0001D165", "\U0001D157\U0001D165", "\U0001D157\U0001D165")]
    [DataRow("ascii", "ascii", "ascii", "ascii", "ascii")]
    public void TheFourFormsAreUnicodes(string text, string nfc, string nfd, string nfkc, string nfkd)
    {
        Assert.AreEqual(nfc, UnicodeNormalizer.Normalize(text, compatibility: false, compose: true));
        Assert.AreEqual(nfd, UnicodeNormalizer.Normalize(text, compatibility: false, compose: false));
        Assert.AreEqual(nfkc, UnicodeNormalizer.Normalize(text, compatibility: true, compose: true));
        Assert.AreEqual(nfkd, UnicodeNormalizer.Normalize(text, compatibility: true, compose: false));
    }

    [TestMethod]
    public void ALongRunOfMarksTakesNoTimeSquared() => Assert.AreEqual(200_001,
        UnicodeNormalizer.Normalize("x" + string.Concat(Enumerable.Repeat("\u0301\u0323", 100_000)), false, false).Length);
}

using Microsoft.ML.MaskedDiffusion.Text.Gaps;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class GapSyntaxTests
{
    [TestMethod]
    [DataRow("", "")]
    [DataRow("plain", "'plain'")]
    [DataRow("[MASK]", "1")]
    [DataRow("The [MASK] sat", "'The ' 1 ' sat'")]
    [DataRow("a[MASK*5][MASK]b", "'a' 5 1 'b'")]
    [DataRow(@"\[MASK]", "'[MASK]'")]
    [DataRow(@"\[MASK*3] x", "'[MASK*3] x'")]
    [DataRow(@"\\[MASK]", @"'\' 1")]
    [DataRow(@"\\\[MASK]", @"'\[MASK]'")]
    [DataRow(@"a\b[mask][MASK [MASKED] [MASK**] [MASK*x]", @"'a\b[mask][MASK [MASKED] [MASK**] [MASK*x]'")]
    [DataRow("a[MASK*2-8]b", "'a' 2-8 'b'")]
    [DataRow("[MASK*][MASK*3-3]", "1-* 3")]
    [DataRow(@"\[MASK*] \[MASK*1-2] \\[MASK*1-2]", @"'[MASK*] [MASK*1-2] \' 1-2")]
    [DataRow("[MASK*2-] [MASK*-8] [MASK*-] [MASK*2--8] [MASK*2-8", "'[MASK*2-] [MASK*-8] [MASK*-] [MASK*2--8] [MASK*2-8'")]
    [DataRow("[MASK*[MASK]", "'[MASK*' 1")]
    [DataRow("[MASK[MASK]]", "'[MASK' 1 ']'")]
    public void TextsAreCutAtTheirGaps(string text, string expected) =>
        Assert.AreEqual(expected,
            string.Join(' ', GapSyntax.Parse(text).Select(s => s.Text is { } plain ? $"'{plain}'" : Shown(s.Size))));

    [TestMethod]
    [DataRow("[MASK*0]")]
    [DataRow("a [MASK*1000001]")]
    [DataRow("[MASK*99999999999999999999999999]")]
    [DataRow("[MASK*8-2]")]
    [DataRow("[MASK*0-2]")]
    [DataRow("a [MASK*2-1000001]")]
    [DataRow("[MASK*1-99999999999999999999999999]")]
    public void AnImpossibleSpanIsRefused(string text) =>
        StringAssert.Contains(Assert.Throws<FormatException>(() => GapSyntax.Parse(text)).Message, "1 to 1000000");

    [TestMethod]
    public void EscapedTextIsPlainText()
    {
        var random = new Random(8);
        string[] parts = ["[MASK]", "[MASK*12]", "[MASK*3-9]", "[MASK*]", "[MASK", "*", "-", "0", "]", @"\", @"\\", "x", " "];
        for (int i = 0; i < 3000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(1, 9)).Select(_ => parts[random.Next(parts.Length)]));
            List<MaskedTextSegment> segments = GapSyntax.Parse(GapSyntax.Escape(text));
            Assert.HasCount(1, segments);
            Assert.AreEqual(text, segments[0].Text);
        }
    }

    [TestMethod]
    public void TextsBetweenGapsStayAsTheyAreAndAllGapsAreFound()
    {
        var random = new Random(9);
        string[] parts = ["[MASK]", "[MASK*]", "[MASK", "]", @"\", @"\\", "x"];
        for (int i = 0; i < 3000; i++)
        {
            string[] texts =
            [
                .. Enumerable.Range(0, 3).Select(
                    _ => "y" + string.Concat(Enumerable.Range(0, random.Next(0, 5)).Select(_ => parts[random.Next(parts.Length)]))),
            ];
            string joined = string.Join("[MASK*2]", texts.Take(2).Select(text => GapSyntax.Escape(text, isBeforeGap: true))
                .Append(GapSyntax.Escape(texts[2])));
            List<MaskedTextSegment> segments = GapSyntax.Parse(joined);
            CollectionAssert.AreEqual(
                new[] { texts[0], null, texts[1], null, texts[2] }, segments.Select(segment => segment.Text).ToArray(), joined);
        }
    }

    [TestMethod]
    public void AMillionBackslashesOrOpeningsAreReadInOnePass()
    {
        Assert.HasCount(1, GapSyntax.Parse(new string('\\', 1_000_000)));
        Assert.HasCount(1, GapSyntax.Parse(string.Concat(Enumerable.Repeat("[MASK*", 200_000))));
    }

    [TestMethod]
    public void AGapIsWrittenAsItIsRead()
    {
        Assert.AreEqual("[MASK]", GapSyntax.Gap(1));
        Assert.AreEqual("[MASK*5]", GapSyntax.Gap(5));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => GapSyntax.Gap(0)).Message, "1 to 1000000");
        Assert.ThrowsExactly<ArgumentNullException>(() => GapSyntax.Escape(null!));
        Assert.AreEqual("[MASK*2-8]", GapSyntax.Gap(2, 8));
        Assert.AreEqual("2-8", Shown(GapSyntax.Parse(GapSyntax.Gap(2, 8)).Single().Size));
        Assert.AreEqual("1-*", Shown(GapSyntax.Parse(GapSyntax.UnknownGap).Single().Size));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => GapSyntax.Gap(3, 2)).Message, "3 to 1000000");
    }

    private static string Shown(GapSize size) => size.Open > 0 ? $"{size.Minimum}-*"
        : size.Minimum == size.Maximum ? $"{size.Minimum}" : $"{size.Minimum}-{size.Maximum}";
}

using Microsoft.ML.MaskedDiffusion.Text.Patterns;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class SplitPatternTests
{
    private const string Llama3 = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
        + @"\s*[\r\n]+|\s+(?!\S)|\s+";

    // What the Rust and Python libraries give; a letter beyond the basic plane is a letter.
    [TestMethod]
    [DataRow("𠀀's", "𠀀|'s")]
    [DataRow("a𠀀b", "a𠀀b")]
    [DataRow("a𠀀b 𠀀𠀁", "a𠀀b| 𠀀𠀁")]
    [DataRow("x😀y", "x|😀|y")]
    [DataRow(" 😀😀a", " 😀😀|a")]
    [DataRow("𝟗9a", "𝟗9|a")]
    [DataRow("e\u0301a", "e|\u0301|a")]
    [DataRow("𐐀\U00010A01𐐀", "𐐀|\U00010A01|𐐀")]
    [DataRow("👩‍👩‍👧 it's", "👩‍👩‍👧| it|'s")]
    [DataRow("  a\n\n b", " | a|\n\n| b")]
    [DataRow("\uD800a", "\uD800|a")]
    public void Gpt2SplitsByCharacters(string text, string expected) => Assert.AreEqual(expected, Join(SplitPattern.Gpt2, text));

    [TestMethod]
    [DataRow("It's 12345 𠀀's!\n\n x", "It|'s| |123|45| 𠀀|'s|!\n\n| x")]
    [DataRow("DON'T 'LL 'ſ", "DON|'T| '|LL| '|ſ")]
    [DataRow("we'ſ", "we|'ſ")]
    public void OtherPatternsAreTranslated(string text, string expected) =>
        Assert.AreEqual(expected, Join(SplitPattern.Parse(Llama3, PatternDialect.HuggingFace), text));

    [TestMethod]
    public void PossessiveQuantifiersGiveNothingBack()
    {
        SplitPattern pattern = SplitPattern.Parse(@"\p{N}{1,3}+|[^\r\n\p{L}\p{N}]?+\p{L}++|\s++$|\s", PatternDialect.Tiktoken);
        Assert.AreEqual("123|4|ab| ", Join(pattern, "1234ab "));
        Assert.AreEqual("", Join(SplitPattern.Parse("a++a", PatternDialect.HuggingFace), "aaa"));
    }

    [TestMethod]
    [DataRow(@"\p{Han}+", @"\p{Han}")]
    [DataRow(@"\bword", @"\b")]
    [DataRow(@"[a&&b]", "'&' inside a class")]
    [DataRow(@"[[:alpha:]]", "'[' inside a class")]
    [DataRow(@"(?<=a)b", "the group (?<=a")]
    [DataRow(@"a{1,2}+", "{...}+")]
    [DataRow(@"^a", "the anchor ^")]
    [DataRow(@"(?i:ss)", "'ss'")]
    [DataRow(@"(?i:é)", "'é'")]
    [DataRow(@"[😀]", "beyond the basic plane")]
    [DataRow(@"(a", "does not end")]
    [DataRow(@"a)", "closing parenthesis")]
    [DataRow(@"\", "backslash at the end")]
    [DataRow(@"+a", "after nothing")]
    public void WhatIsNotKnownIsRefusedByName(string pattern, string told) => StringAssert.Contains(
        Assert.Throws<FormatException>(() => SplitPattern.Parse(pattern, PatternDialect.HuggingFace)).Message, told);

    [TestMethod]
    public void APatternThatTakesForEverOnATextIsAnError()
    {
        const string Text = @"(?:a|aa)+(?!\S)";
        Assert.AreEqual("aa", Join(SplitPattern.Parse(Text, PatternDialect.HuggingFace), "aa"));
        SplitPattern pattern = SplitPattern.Parse(Text, PatternDialect.HuggingFace, TimeSpan.FromMilliseconds(20));
        string message = Assert.ThrowsExactly<InvalidDataException>(() => pattern.Matches(new string('a', 100) + "!")).Message;
        StringAssert.Contains(message, "aaa...");
        StringAssert.Contains(message, "tokenizer.json");
    }

    [TestMethod]
    public void ManyGroupsInEachOtherAreRefused()
    {
        string Nested(int levels) => string.Concat(Enumerable.Repeat("(?:", levels)) + "a" + new string(')', levels);
        Assert.AreEqual("a|a", Join(SplitPattern.Parse(Nested(100), PatternDialect.HuggingFace), "aa"));
        string message = Assert.Throws<FormatException>(() => SplitPattern.Parse(Nested(100_000), PatternDialect.HuggingFace)).Message;
        StringAssert.Contains(message, "groups in more than 100 others");
        Limit.Below(500, message.Length);
    }

    [TestMethod]
    public void AWrongPatternIsToldInShort()
    {
        string message = Assert.Throws<FormatException>(
            () => SplitPattern.Parse(new string('x', 5000) + "a{3,2}", PatternDialect.HuggingFace)).Message;
        Limit.Below(300, message.Length);
        StringAssert.Contains(message, "ReversedQuantifierRange");
    }

    private static string Join(SplitPattern pattern, string text) =>
        string.Join('|', pattern.Matches(text).Select(match => text.Substring(match.Offset, match.Length)));
}

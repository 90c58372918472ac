using Microsoft.ML.MaskedDiffusion.Text.Gaps;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class MaskedTextEncodingTests
{
    private static readonly TextTokenizer Tokenizer = Corpora.ByteLevel;
    private static readonly int Mask = Tokenizer.VocabularySize;
    private static readonly MaskedTextEncoding Encoding = new(Tokenizer, Mask);

    [TestMethod]
    public void AGapIsOneTokenAndTheRestIsTheTextsOwn()
    {
        int[] expected = [.. Tokenizer.Encode("The"), Mask, .. Tokenizer.Encode(" sat")];
        CollectionAssert.AreEqual(expected, Encoding.Encode("The [MASK] sat"));
        CollectionAssert.AreEqual(expected, Encoding.Encode("The[MASK] sat"));
        CollectionAssert.AreEqual((int[])[.. Tokenizer.Encode("The"), Mask, Mask, Mask, Mask, Mask, .. Tokenizer
            .Encode(".")], Encoding.Encode("The [MASK*5]."));
        CollectionAssert.AreEqual((int[])[Mask, Mask], Encoding.Encode("[MASK] [MASK]"));
    }

    // Replacing whole words by gaps leaves the other words' tokens as they are in the full text.
    [TestMethod]
    public void MaskingAWordChangesNoOtherToken()
    {
        foreach (string document in Corpora.Documents(31, 40))
        {
            string[] words = document.TrimEnd().Split(' ', StringSplitOptions.RemoveEmptyEntries);
            for (int masked = 0; masked < words.Length; masked++)
            {
                string before = string.Join(' ', words[..masked]), after = string.Concat(words[(masked + 1)..].Select(w => " " + w));
                int gap = Tokenizer.Encode((masked > 0 ? " " : "") + words[masked]).Length;
                int[] full = Tokenizer.Encode(string.Join(' ', words));
                int at = Tokenizer.Encode(before).Length;
                full.AsSpan(at, gap).Fill(Mask);
                CollectionAssert.AreEqual(full, Encoding.Encode($"{before}{(masked > 0 ? " " : "")}[MASK*{gap}]{after}"));
            }
        }
    }

    [TestMethod]
    [DataRow("The [MASK] sat")]
    [DataRow("[MASK*3] sat [MASK].")]
    [DataRow("a\n[MASK]\nb")]
    [DataRow("two spaces  [MASK]  here")]
    [DataRow(@"literal \[MASK] and [MASK]")]
    [DataRow("word[MASK]s")]
    [DataRow("")]
    public void WrittenGapsReadTheSame(string text)
    {
        int[] ids = Encoding.Encode(text);
        CollectionAssert.AreEqual(ids, Encoding.Encode(Encoding.Decode(ids)));
        if (text != "word[MASK]s")
            Assert.AreEqual(text, Encoding.Decode(ids));
    }

    [TestMethod]
    public void AnyTextWithGapsKeepsItsTokens()
    {
        var random = new Random(17);
        string[] ends = ["", " ", "[MASK]", " [MASK*3]", @" \[MASK]", @"\\[MASK]"];
        for (int i = 0; i < 400; i++)
        {
            string text = string.Concat(
                Enumerable.Range(0, random.Next(1, 6)).Select(
                    _ => Corpora.Unicode(random, random.Next(0, 12)) + ends[random.Next(ends.Length)]));
            int[] ids = Encoding.Encode(text);
            CollectionAssert.AreEqual(ids, Encoding.Encode(Encoding.Decode(ids)), text);
        }
    }

    [TestMethod]
    public void WithoutGapsItIsTheTokenizer()
    {
        string text = string.Concat(Corpora.Documents(6, 10));
        CollectionAssert.AreEqual(Tokenizer.Encode(text), Encoding.Encode(text));
        Assert.AreEqual(text, Encoding.Decode(Tokenizer.Encode(text)));
    }
}

using Microsoft.ML.MaskedDiffusion.Text.Gaps;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class MaskedTextTests
{
    private static readonly TextTokenizer Tokenizer = Corpora.ByteLevel;
    private static readonly int Mask = Tokenizer.VocabularySize;

    [TestMethod]
    public void AGapIsOneTokenAndTheRestIsTheTextsOwn()
    {
        int[] expected = [.. Tokenizer.Encode("The"), Mask, .. Tokenizer.Encode(" sat")];
        CollectionAssert.AreEqual(expected, Ids("The [MASK] sat"));
        CollectionAssert.AreEqual(expected, Ids("The[MASK] sat"));
        CollectionAssert.AreEqual((int[])[.. Tokenizer.Encode("The"), Mask, Mask, Mask, Mask, Mask, .. Tokenizer
            .Encode(".")], Ids("The [MASK*5]."));
        CollectionAssert.AreEqual((int[])[Mask, Mask], Ids("[MASK] [MASK]"));
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
                CollectionAssert.AreEqual(full, Ids($"{before}{(masked > 0 ? " " : "")}[MASK*{gap}]{after}"));
            }
        }
    }

    [TestMethod]
    [DataRow("Today [MASK]? No.", ".", "Today .? No.")]
    [DataRow("Today [MASK]? No.", " is", "Today is? No.")]
    [DataRow("the [MASK]word", ".", "the .word")]
    [DataRow("the [MASK]word", " re", "the reword")]
    [DataRow("two spaces  [MASK]  here", " x", "two spaces  x  here")]
    [DataRow("two spaces  [MASK]  here", "x", "two spaces  x  here")]
    [DataRow("a\n[MASK]\nb", " x", "a\n x\nb")]
    [DataRow("[MASK] begins", " It", " It begins")]
    [DataRow("ends [MASK]", " here", "ends here")]
    [DataRow("one [MASK] [MASK] two", " x", "one x x two")]
    [DataRow("one [MASK][MASK] two", " x", "one x x two")]
    [DataRow("half \ud83d [MASK] 🙂", " x", "half \ud83d x 🙂")]
    [DataRow(@"\[MASK] [MASK]", " x", "[MASK] x")]
    public void OutsideGapsTheTextIsTheCallersOwn(string text, string chosen, string expected)
    {
        int id = Tokenizer.Encode(chosen).Length == 1 ? Tokenizer.Encode(chosen)[0] : -1;
        TextTokenizer tokenizer = Tokenizer;
        if (id < 0)
        {
            // The small vocabulary may not have the word as one token: then one that learned it is taken.
            tokenizer = TokenizerSource.TrainBytePairEncoding(300)
                .Resolve(() => Enumerable.Repeat(chosen, 50), null, CancellationToken.None);
            id = tokenizer.Encode(chosen).Single();
        }
        MaskedText encoded = MaskedText.Of(text, [], tokenizer);
        string[] filling = [.. encoded.Sizes.Select((size, gap) => encoded.Decode(gap, [.. Enumerable.Repeat(id, (int)size.Minimum)]))];
        Assert.AreEqual(expected, encoded.Fill(filling));
    }

    [TestMethod]
    public void AnyTextOutsideGapsComesBackCharacterForCharacter()
    {
        var random = new Random(17);
        int word = Tokenizer.Encode("x").Single();
        for (int i = 0; i < 400; i++)
        {
            string[] pieces = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => Corpora.Unicode(random, random.Next(0, 12)))];
            string text = string.Join("[MASK]", pieces.Select(text => GapSyntax.Escape(text)));
            if (pieces[..^1].Any(piece => piece.EndsWith('\\')))
                continue;
            MaskedText encoded = MaskedText.Of(text, [], Tokenizer);
            string[] filling =
                [.. encoded.Sizes.Select((size, gap) => encoded.Decode(gap, [.. Enumerable.Repeat(word, (int)size.Minimum)]))];
            Assert.AreEqual(string.Join('x', pieces), encoded.Fill(filling));
        }
    }

    [TestMethod]
    public void WithoutGapsItIsTheTokenizer()
    {
        string text = string.Concat(Corpora.Documents(6, 10));
        CollectionAssert.AreEqual(Tokenizer.Encode(text), Ids(text));
        Assert.AreEqual(text, MaskedText.Of(text, [], Tokenizer).PlainText);
    }

    [TestMethod]
    [DataRow("a [MASK*2-8] b", 2, 8)]
    [DataRow("a [MASK*] b", 1, 5)]
    [DataRow("[MASK*][MASK*2-3][MASK]", 4, 9)]
    [DataRow("[MASK*][MASK*]", 2, 10)]
    [DataRow("[MASK*1000000][MASK*999999-1000000]", 1_999_999, 2_000_000)]
    public void GapsWithNothingBetweenThemAreOneWithTheSumOfTheirSizes(string text, int minimum, int maximum)
    {
        GapSize size = MaskedText.Of(text, [], Tokenizer).Sizes.Single();
        Assert.AreEqual((minimum, maximum), (size.Minimum, size.Most(openLength: 5)));
    }

    [TestMethod]
    public void ACandidateIsCutIntoTokensAsInTheWholeText()
    {
        foreach (string document in Corpora.Documents(32, 20))
        {
            string[] words = document.TrimEnd().Split(' ', StringSplitOptions.RemoveEmptyEntries);
            for (int i = 0; i < words.Length; i++)
            {
                string[] gapped = [.. words];
                gapped[i] = "[MASK*]";
                MaskedText text = MaskedText.Of(string.Join(' ', gapped), [], Tokenizer);
                GapRow row = text.Lay([text.Encode(0, words[i])]);
                CollectionAssert.AreEqual(Tokenizer.Encode(string.Join(' ', words)), row.Tokens);
                Assert.AreEqual(string.Join(' ', words), text.Fill([words[i]]));
            }
        }
    }

    // The ids with each gap as short as it may be.
    private static int[] Ids(string text)
    {
        MaskedText masked = MaskedText.Of(text, [], Tokenizer);
        return masked.Lay([.. masked.Sizes.Select(size => Enumerable.Repeat(Mask, (int)size.Minimum).ToArray())]).Tokens;
    }
}

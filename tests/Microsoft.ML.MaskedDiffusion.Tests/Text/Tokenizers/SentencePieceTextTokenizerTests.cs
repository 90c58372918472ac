using System.Buffers;
using Microsoft.ML.MaskedDiffusion.Text.Gaps;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class SentencePieceTextTokenizerTests
{
    private static readonly SentencePieceModelBuilder Model = NewModel();
    private static readonly TextTokenizer Tokenizer = Open(Model);

    [TestMethod]
    public void EncodesWithoutBeginningOrEnd()
    {
        CollectionAssert.AreEqual(Ids("▁the", "▁cat"), Tokenizer.Encode("the cat"));
        CollectionAssert.AreEqual(Array.Empty<int>(), Tokenizer.Encode(""));
        Assert.AreEqual((1, 2, Model.Count), (Tokenizer.BeginningOfSequenceId, Tokenizer.EndOfSequenceId, Tokenizer.VocabularySize));
    }

    [TestMethod]
    public void AnyUnicodeComesBack()
    {
        var random = new Random(3);
        for (int i = 0; i < 200; i++)
        {
            // U+2581 is the model's own space, so it cannot come back as itself.
            string text = Corpora.Unicode(random, random.Next(1, 60)).Replace('\u2581', '_');
            Assert.AreEqual(text, Tokenizer.Decode(Tokenizer.Encode(text)));
        }
    }

    [TestMethod]
    public void SpecialTokensAreNoText() => Assert.AreEqual("the cat", Tokenizer.Decode([1, .. Tokenizer.Encode("the cat"), 2]));

    [TestMethod]
    public void TextBesideAGapHasItsOwnTokens()
    {
        int mask = Tokenizer.VocabularySize;
        int[] Encode(string text)
        {
            MaskedText masked = MaskedText.Of(text, [], Tokenizer);
            return masked.Lay([.. masked.Sizes.Select(_ => new[] { mask })]).Tokens;
        }
        CollectionAssert.AreEqual((int[])[.. Ids("▁the"), mask, .. Ids("▁cat")], Encode("the [MASK] cat"));
        CollectionAssert.AreEqual((int[])[.. Ids("▁the"), mask, .. Ids("c", "at")], Encode("the [MASK]cat"));
        CollectionAssert.AreEqual((int[])[mask, .. Ids("▁cat")], Encode("[MASK] cat"));
        CollectionAssert.AreEqual(Encode("the [MASK] cat"), Encode("the[MASK] cat"));
    }

    [TestMethod]
    public void AContextBeginsTheSequence()
    {
        ContinuationTokens tokens = Tokenizer.EncodeContinuation("the ", "cat");
        CollectionAssert.AreEqual((int[])[1, .. Ids("▁the")], tokens.Context);
        CollectionAssert.AreEqual(Ids("▁cat"), tokens.Continuation);
    }

    [TestMethod]
    public void ExtraSpacesGoWhereTheModelSaysSo()
    {
        SentencePieceModelBuilder model = NewModel();
        model.RemoveExtraWhitespaces = true;
        CollectionAssert.AreEqual(Ids("▁the", "▁cat"), Open(model).Encode("  the   cat "));
        CollectionAssert.AreEqual(Array.Empty<int>(), Open(model).Encode("  "));
        CollectionAssert.AreEqual(Ids("▁a"), Open(model).Encode("a"));
    }

    [TestMethod]
    public void LongTextTakesNoTimeSquared()
    {
        string text = string.Concat(Enumerable.Repeat("the cat", 150_000));
        Assert.AreEqual(text, Tokenizer.Decode(Tokenizer.Encode(text)));
    }

    // The tokenizer of the ML.NET package's kind gives the same ids, and tokens whose offsets are those of the normalized text.
    [TestMethod]
    public void TheMlNetTokenizerGivesTheSameIds()
    {
        CollectionAssert.AreEqual(Tokenizer.Encode("the cat é😀"), Tokenizer.Tokenizer.EncodeToIds("the cat é😀").ToArray());
        var tokens = Tokenizer.Tokenizer.EncodeToTokens("the cat", out string? normalized);
        Assert.AreEqual("▁the▁cat", normalized);
        Assert.AreEqual("▁the ▁cat", string.Join(' ', tokens.Select(token => normalized![token.Offset])));
        Assert.AreEqual("▁the ▁cat", string.Join(' ', tokens.Select(token => token.Value)));
        Assert.AreEqual("the cat", Tokenizer.Tokenizer.Decode(Tokenizer.Encode("the cat")));
        Assert.AreEqual(1, Tokenizer.Tokenizer.GetIndexByTokenCount("the cat", 1, out _, out int count) / 4 * count);
    }

    [TestMethod]
    public void DecodingIntoASmallBufferSaysWhatIsLeft()
    {
        char[] buffer = new char[5];
        OperationStatus status = Tokenizer.Tokenizer.Decode(Tokenizer.Encode("the cat"), buffer, out int consumed, out int written);
        Assert.AreEqual((OperationStatus.DestinationTooSmall, 1, 3), (status, consumed, written));
    }

    [TestMethod]
    public void FilesMakeAnEqualTokenizer() =>
        CollectionAssert.AreEqual(Tokenizer.Encode("the cat é"), TextTokenizer.FromFiles(Tokenizer.Files).Encode("the cat é"));

    [TestMethod]
    public void ModelsOfAnotherKindAreRefused()
    {
        Refused(m => m.WhitespaceAsSuffix = true, "suffix");
        Refused(m => (m.NormalizerName, m.CharacterMap) = ("nmt_nfkc", [1, 2, 3, 4]), "map of characters");
        Refused(m => m.ModelType = 3, "kind 3");
        Refused(m => m.With("the", -1).With("the", -2), "'the', is there twice");

        static void Refused(Action<SentencePieceModelBuilder> change, string told)
        {
            SentencePieceModelBuilder model = NewModel();
            change(model);
            StringAssert.Contains(Assert.Throws<InvalidDataException>(() => Open(model)).Message, told);
        }
    }

    private static SentencePieceModelBuilder NewModel() => new SentencePieceModelBuilder().WithBytes()
        .With("▁t", -1).With("he", -2).With("▁the", -3).With("at", -4).With("▁c", -5).With("▁cat", -6).With("▁a", -7)
            .WithCharacters("▁thecads");

    private static TextTokenizer Open(SentencePieceModelBuilder model) =>
        TextTokenizer.FromFiles(new Dictionary<string, byte[]> { ["tokenizer.model"] = model.Build() });

    private static int[] Ids(params string[] pieces) => [.. pieces.Select(Model.Id)];
}

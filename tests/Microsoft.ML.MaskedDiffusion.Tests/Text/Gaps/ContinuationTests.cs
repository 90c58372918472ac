using Microsoft.ML.MaskedDiffusion.Text.BytePair;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class ContinuationTests
{
    private static readonly TextTokenizer Tokenizer =
        BytePairTrainer.Train(["the cat the cat the cats cats", "abc", "abc", "abc"], 290);

    [TestMethod]
    [DataRow("the", " cat")]
    [DataRow("the ", "cat")]
    [DataRow("the", "\n cat")]
    [DataRow("the \n ", "cat")]
    [DataRow("", "cat")]
    [DataRow("  ", "cat")]
    [DataRow("the\u001C", "cat")]
    public void TheTwoPartsAreTheWhole(string context, string continuation)
    {
        ContinuationTokens tokens = Tokenizer.EncodeContinuation(context, continuation);
        CollectionAssert.AreEqual(Tokenizer.Encode(context + continuation), (int[])[.. tokens.Context, .. tokens.Continuation]);
        CollectionAssert.AreEqual(Tokenizer.Encode(context.TrimEnd([' ', '\n', '\u001C'])), tokens.Context);
    }

    [TestMethod]
    public void SpacesOfTheContextMoveToTheContinuation()
    {
        ContinuationTokens tokens = Tokenizer.EncodeContinuation("the ", "cat");
        CollectionAssert.AreEqual(Tokenizer.Encode(" cat"), tokens.Continuation);
    }

    [TestMethod]
    public void AMergeAcrossTheBorderDoesNotEmptyTheContinuation()
    {
        Assert.HasCount(1, Tokenizer.Encode("abc"));
        ContinuationTokens tokens = Tokenizer.EncodeContinuation("ab", "c");
        CollectionAssert.AreEqual(Tokenizer.Encode("ab"), tokens.Context);
        CollectionAssert.AreEqual(Tokenizer.Encode("c"), tokens.Continuation);
    }

    [TestMethod]
    public void NothingContinuesAsNothing() =>
        CollectionAssert.AreEqual(Array.Empty<int>(), Tokenizer.EncodeContinuation("the", "").Continuation);
}

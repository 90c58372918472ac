using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Text.BytePair;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Contexts and continuations as requests; the tokens are bytes, and an end of sequence starts a document.</summary>
[TestClass]
public sealed class QuestionEncoderTests
{
    private static readonly TextTokenizer Bytes = BytePairTrainer.Train(["x"], BytePairTrainer.MinimumVocabularySize).Tokenizer;

    [TestMethod]
    public void AQuestionThatFitsIsKeptWhole()
    {
        EncodedQuestion question = new QuestionEncoder(Bytes, 10, needsContext: false).Encode("abc", [" d", " efghi"], keepEnd: false);
        Assert.AreEqual((AnswerFlag.None, 4, 6), (question.Flag, question.ContextLength, question.LongestContinuation));
        CollectionAssert.AreEqual(new[] { " d", " efghi" }, question.Requests.Select(request => Bytes.Decode(request.Answer)).ToArray());
        foreach (LikelihoodRequest request in question.Requests)
        {
            Assert.AreEqual((Bytes.EndOfSequenceId!.Value, "abc"), (request.Context[0], Bytes.Decode(request.Context)));
            Assert.AreEqual(question.Requests[0].RandomKey, request.RandomKey);
        }
    }

    [TestMethod]
    public void TheLongestContinuationDecidesHowMuchContextIsKept()
    {
        var encoder = new QuestionEncoder(Bytes, 10, needsContext: false);
        Assert.AreEqual(AnswerFlag.TooLong, encoder.Encode("0123456789", [" a", " bcd"], keepEnd: false).Flag);
        EncodedQuestion cut = encoder.Encode("0123456789", [" a", " bcd"], keepEnd: true);
        Assert.AreEqual((AnswerFlag.Truncated, 11, 4), (cut.Flag, cut.ContextLength, cut.LongestContinuation));
        Assert.IsTrue(cut.Requests.All(request => Bytes.Decode(request.Context) == "456789"));
    }

    [TestMethod]
    [DataRow(false, 10)]
    [DataRow(true, 9)]
    public void AContinuationMayTakeAllButTheContextThatTheModelNeeds(bool needsContext, int longest)
    {
        var encoder = new QuestionEncoder(Bytes, 10, needsContext);
        Assert.AreEqual(longest, encoder.LongestContinuation);
        EncodedQuestion fits = encoder.Encode("abc", [new string('d', longest)], keepEnd: true);
        Assert.AreEqual((AnswerFlag.Truncated, 10 - longest), (fits.Flag, fits.Requests[0].Context.Length));
        EncodedQuestion tooLong = encoder.Encode("abc", [new string('d', longest + 1)], keepEnd: true);
        Assert.AreEqual((AnswerFlag.TooLong, 0), (tooLong.Flag, tooLong.Requests.Length));
    }

    [TestMethod]
    public void WithoutAContinuationThereIsNothingToScore()
    {
        var encoder = new QuestionEncoder(Bytes, 10, needsContext: false);
        Assert.AreEqual((AnswerFlag.Empty, 0),
            (encoder.Encode("abc", [], keepEnd: false).Flag, encoder.Encode("abc", [], keepEnd: false).Requests.Length));
        Assert.AreEqual(AnswerFlag.Empty, encoder.Encode("abc", [" d", ""], keepEnd: false).Flag);
    }
}

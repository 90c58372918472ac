using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Text.BytePair;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Contexts and continuations as requests; the tokens are bytes, and an end of sequence starts a document.</summary>
[TestClass]
public sealed class QuestionEncoderTests
{
    private static readonly TextTokenizer Bytes = BytePairTrainer.Train(["x"], BytePairTrainer.MinimumVocabularySize);

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
    [DataRow(false, 0)]
    [DataRow(true, 1)]
    public void AContinuationMayFillTheWindowAndAnAutoregressiveModelStillSeesOneTokenBeforeIt(bool needsContext, int kept)
    {
        // The last token is predicted and never read, so the harness cuts to one token more than the context length.
        var encoder = new QuestionEncoder(Bytes, 10, needsContext);
        Assert.AreEqual(10, encoder.LongestContinuation);
        EncodedQuestion fits = encoder.Encode("abc", [new string('d', 10)], keepEnd: true);
        Assert.AreEqual((AnswerFlag.Truncated, kept), (fits.Flag, fits.Requests[0].Context.Length));
        EncodedQuestion tooLong = encoder.Encode("abc", [new string('d', 11)], keepEnd: true);
        Assert.AreEqual((AnswerFlag.TooLong, 0), (tooLong.Flag, tooLong.Requests.Length));
    }

    [TestMethod]
    public void AnEmptyContextWithoutAStartIsFlaggedWhereOneIsNeeded()
    {
        TextTokenizer startless = TextTokenizer.FromFiles(new Dictionary<string, byte[]>
        {
            ["vocab.json"] = System.Text.Encoding.UTF8.GetBytes(System.Text.Json.JsonSerializer.Serialize(
                Text.Tokenizers.ByteLevelAlphabet.Tokens.Select((token, id) => (token, id)).ToDictionary(p => p.token, p => p.id))),
            ["merges.txt"] = "#version: 0.2\n"u8.ToArray(),
        });
        Assert.IsNull(startless.EndOfSequenceId);
        EncodedQuestion question = new QuestionEncoder(startless, 10, needsContext: true).Encode("", ["a"], keepEnd: true);
        Assert.AreEqual((AnswerFlag.NoContext, 0), (question.Flag, question.Requests.Length));
        Assert.AreEqual(AnswerFlag.None, new QuestionEncoder(startless, 10, needsContext: false).Encode("", ["a"], keepEnd: true).Flag);
    }

    [TestMethod]
    public void AFullWindowDoesNotStopAnAutoregressiveRun()
    {
        using var folder = new TemporaryFolder();
        using MaskedDiffusionModel model = TinyAutoregressiveModel.Create();
        string requests = folder.File("in.jsonl"), responses = folder.File("out.jsonl");
        string z = new('z', model.Config.ContextLength);
        File.WriteAllLines(requests,
            ["""{"context": "abc", "continuation": "x"}""".Replace("\"x\"", $"\"{z}\""), """{"context": "abc", "continuation": "d"}"""]);
        LmEvalSummary summary = new LmEvalRequests(model, new LmEvalOptions { ContextOverflow = ContextOverflow.KeepEnd })
            .Score(requests, responses);
        Assert.AreEqual(new LmEvalSummary(2, 0, 0, 1), summary);
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

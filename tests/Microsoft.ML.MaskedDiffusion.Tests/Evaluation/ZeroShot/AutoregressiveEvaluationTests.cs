using System.Text.Json;
using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// The evaluators over an autoregressive model: exact figures, and settings that need a mask token refused before anything is read or
/// written.
/// </summary>
[TestClass]
public sealed class AutoregressiveEvaluationTests
{
    private static readonly MaskedDiffusionModel Model = TinyAutoregressiveModel.Create();

    private static readonly string[] Texts =
    [
        "the cat sat on the mat", "a bird",
        "one two three four five six seven eight nine ten and the river runs to the sea and the sea is wide",
    ];

    private readonly MLContext _ml = new(1);

    private readonly TemporaryFolder _folder = new();

    [ClassCleanup]
    public static void Free() => Model.Dispose();

    [TestCleanup]
    public void DeleteFolder() => _folder.Dispose();

    [TestMethod]
    public void PerplexityIsExactAndTheTransformersSum()
    {
        IDataView data = _ml.Data.LoadFromEnumerable(TextRow.Make(Texts));
        PerplexityResult result = _ml.MaskedDiffusion().EvaluatePerplexity(data, Model);
        float[] losses =
            [.. _ml.MaskedDiffusion().ScoreLikelihood(Model).Fit(data).Transform(data).GetColumn<float>("NegativeLogLikelihood")];
        Assert.AreEqual(
            losses.Sum(loss => (double)loss) / result.All.TokenCount, result.All.NegativeLogLikelihood.Value, 1e-6, "the column is fp32");
        Assert.AreEqual(0, result.All.NegativeLogLikelihood.NoiseStandardError);
        Assert.AreEqual((1L, TinyModel.ContextLength / 2), (result.WindowedCount, result.Stride));
        // With a window's length as the stride nothing would stand before it.
        var wide = new PerplexityOptions { Stride = TinyModel.ContextLength };
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new PerplexityEvaluator(Model, wide)).Message, "1 to 23");
        var guided = new PerplexityOptions { Likelihood = new() { GuidanceScale = 1 } };
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new PerplexityEvaluator(Model, guided)).Message, "autoregressive");
    }

    [TestMethod]
    public void TasksAreScoredExactly()
    {
        var evaluator = new ZeroShotEvaluator(Model, new ZeroShotOptions { LogFolder = _folder.Path });
        ZeroShotResult choice = evaluator.Evaluate(
            ZeroShotTask.FromName("openbookqa"),
            [new("1", "the cat sat on", ["the mat", "a river"], 0), new("2", "one two", ["three", "ten"], 1)]);
        Assert.IsTrue(choice.Answers.All(answer => answer.StandardErrors.All(error => error == 0)));
        Assert.AreEqual((0.0, 4L), (choice.Accuracy.NoiseStandardError, choice.NetworkRows));
        ZeroShotResult lambada =
            evaluator.Evaluate(ZeroShotTask.FromName("lambada_standard"), [new("1", "the cat sat on the", ["mat"], 0)]);
        Assert.IsNotNull(lambada.Answers[0].IsGreedy);
        Assert.AreEqual(-lambada.Answers[0].LogLikelihoods[0], lambada.LogPerplexity!.Value.Value);
    }

    [TestMethod]
    public void SettingsThatNeedAMaskTokenLeaveNoLog()
    {
        var evaluator = new ZeroShotEvaluator(Model, new ZeroShotOptions { Profile = ZeroShotProfile.Published, LogFolder = _folder.Path });
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => evaluator.Evaluate(ZeroShotTask.FromName("piqa"), [new("1", "a", ["b", "c"], 0)])).Message;
        StringAssert.Contains(message, "autoregressive");
        Assert.AreEqual(0, Directory.GetFiles(_folder.Path).Length);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => new LmEvalRequests(Model, new LmEvalOptions { Likelihood = new() { PadToContext = true } }));
    }

    [TestMethod]
    public void RequestsOfTheHarnessAreAnswered()
    {
        string requests = _folder.File("in.jsonl"), responses = _folder.File("out.jsonl");
        File.WriteAllText(requests, """{"context": "the cat sat on", "continuation": " the mat"}""" + "\n");
        new LmEvalRequests(Model).Score(requests, responses);
        using JsonDocument line = JsonDocument.Parse(File.ReadAllText(responses));
        double expected = new ZeroShotEvaluator(Model).Evaluate(ZeroShotTask.FromName("openbookqa"), [new("1", "the cat sat on", ["the "
            + "mat", "a river"], 0)]).Answers[0].LogLikelihoods[0];
        Assert.AreEqual(expected, line.RootElement.GetProperty("loglikelihood").GetDouble());
        Assert.AreEqual(0, line.RootElement.GetProperty("standard_error").GetDouble());
    }

    // An autoregressive model predicts each token from those before it, so the first token of an answer needs at least one token of
    // context. It never reads the last one.
    [TestMethod]
    public void AnAnswerThatLeavesNoRoomForContextIsFlaggedAndTheOthersGoOn()
    {
        string answer = TextOf(TinyModel.ContextLength + 1);
        var evaluator = new ZeroShotEvaluator(Model, new ZeroShotOptions { ContextOverflow = ContextOverflow.KeepEnd });
        ZeroShotResult result = evaluator.Evaluate(
            ZeroShotTask.FromName("openbookqa"),
            [new("1", "the cat", [answer, "the mat"], 0), new("2", "the cat sat on", ["the mat", "a river"], 0)]);
        Assert.AreEqual((1, 0), (result.TooLongCount, result.TruncatedCount));
        Assert.AreEqual(AnswerFlag.TooLong, result.Answers[0].Flag);
        Assert.AreEqual(2, result.Answers[1].LogLikelihoods.Count);

        // One token shorter, the answer fits after the last token of the context.
        result = evaluator.Evaluate(
            ZeroShotTask.FromName("openbookqa"), [new("1", "the cat", [TextOf(TinyModel.ContextLength), "the mat"], 0)]);
        Assert.AreEqual((0, 1), (result.TooLongCount, result.TruncatedCount));
    }

    // A text of so many tokens where it follows "the cat" and a space.
    private static string TextOf(int tokenCount)
    {
        string text = "one";
        int Count() => Model.Tokenizer.EncodeContinuation("the cat", " " + text).Continuation.Length;
        while (Count() < tokenCount)
            text += Count() + 1 == tokenCount ? "," : " one";
        Assert.AreEqual(tokenCount, Count());
        return text;
    }
}

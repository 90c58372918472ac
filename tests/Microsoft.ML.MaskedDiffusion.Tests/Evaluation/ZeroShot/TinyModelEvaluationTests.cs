using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Questions, requests and corpora through a small random network: results belong to their row, runs resume, damaged weights are named.
/// </summary>
[TestClass]
public sealed class TinyModelEvaluationTests
{
    private static readonly ZeroShotTask Piqa = ZeroShotTask.FromName("piqa");
    private static readonly ZeroShotQuestion[] Questions =
        [.. Enumerable.Range(0, 5)
            .Select(i => new ZeroShotQuestion($"{i}", $"Question: {i}\nAnswer:", ["ab", $"cde{i}", "fghijklmno"], i % 3))];

    private MaskedDiffusionModel _model = null!;
    private string _folder = "";

    [TestInitialize]
    public void CreateModel()
    {
        _model = TinyEvaluationModel.Create();
        _folder = Directory.CreateTempSubdirectory("mdm").FullName;
    }

    [TestCleanup]
    public void DisposeModel()
    {
        _model.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [TestMethod]
    public void Questions_ScoreAloneAsTogether_AndResume()
    {
        ZeroShotResult together = new ZeroShotEvaluator(_model, Options()).Evaluate(Piqa, Questions);
        // 3 tokens have 7 masks, so they are all taken; 11 tokens are sampled.
        Assert.AreEqual(0, together.Answers[0].StandardErrors[0]);
        Assert.IsTrue(together.Answers[0].StandardErrors[2] > 0);
        for (int i = 0; i < Questions.Length; i++)
        {
            ZeroShotAnswer alone = new ZeroShotEvaluator(_model, Options()).Evaluate(Piqa, [Questions[i]]).Answers[0];
            CollectionAssert.AreEqual(alone.LogLikelihoods.ToArray(), together.Answers[i].LogLikelihoods.ToArray());
        }
        ZeroShotOptions logged = Options();
        (logged.LogFolder, logged.MaxQuestions) = (_folder, 2);
        new ZeroShotEvaluator(_model, logged).Evaluate(Piqa, Questions);
        logged.MaxQuestions = null;
        ZeroShotResult resumed = new ZeroShotEvaluator(_model, logged).Evaluate(Piqa, Questions);
        Assert.AreEqual(2, resumed.ResumedCount);
        Assert.AreEqual(together.Accuracy, resumed.Accuracy);

        using MaskedDiffusionModel other = _model.Clone();
        other.Network.Initialize(8);
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => new ZeroShotEvaluator(other, logged).Evaluate(Piqa, Questions)).Message,
            "model was");
    }

    [TestMethod]
    public void PublishedProfile_RunsGreedyAndGuided()
    {
        ZeroShotTask lambada = ZeroShotTask.FromName("lambada_standard");
        ZeroShotQuestion[] questions = [new("1", "I go", ["to"], 0), new("2", "We", ["see"], 0)];
        ZeroShotResult result =
            new ZeroShotEvaluator(_model, new ZeroShotOptions { Profile = ZeroShotProfile.Published }).Evaluate(lambada, questions);
        Assert.IsTrue(result.Perplexity!.Value.Value > 1 && double.IsFinite(result.Perplexity.Value.Value));
        Assert.AreEqual(0, result.Perplexity.Value.NoiseStandardError);
        Assert.IsTrue(result.Answers.All(answer => answer.IsGreedy is not null));
        // Chain rule with guidance: two rows for each token of " to" and " see".
        Assert.AreEqual(2 * (3 + 4), result.NetworkRows);
    }

    [TestMethod]
    public void Requests_GiveTheEvaluatorsNumbers()
    {
        string requests = Path.Combine(_folder, "in.jsonl"), responses = Path.Combine(_folder, "out.jsonl");
        File.WriteAllText(requests, """{"context": "Question: 0\nAnswer:", "continuation": " cde0"}""" + "\n");
        LmEvalSummary summary = new LmEvalRequests(_model, new LmEvalOptions { Likelihood = Exact() }).Score(requests, responses);
        Assert.AreEqual(1, summary.RequestCount);
        double expected = new ZeroShotEvaluator(_model, Options()).Evaluate(Piqa, [Questions[0]]).Answers[0].LogLikelihoods[1];
        using var line = System.Text.Json.JsonDocument.Parse(File.ReadAllText(responses));
        Assert.AreEqual(expected, line.RootElement.GetProperty("loglikelihood").GetDouble());
    }

    [TestMethod]
    public void Perplexity_OfARandomNetworkIsAboutTheVocabulary()
    {
        PerplexityResult result = new PerplexityEvaluator(_model).Evaluate([new(new string('a', 100), "x"), new("The cat sat.", "y")]);
        Assert.AreEqual(112, result.All.TokenCount);
        Assert.AreEqual(1, result.WindowedCount);
        // An untrained network knows nothing: nats per token near ln 257, within the spread of random logits (about 0.6).
        Assert.AreEqual(Math.Log(_model.Config.VocabularySize), result.All.NegativeLogLikelihood.Value, 1);
        Assert.AreEqual(2, result.Groups.Count);
    }

    [TestMethod]
    public void DamagedWeights_AreNamed()
    {
        using (torch.no_grad())
            _model.Network.Parameters["lm_head.weight"].Set(float.NaN);
        Assert.ThrowsExactly<NotFiniteNumberException>(() => new ZeroShotEvaluator(_model, Options()).Evaluate(Piqa, Questions));
    }

    private static ZeroShotOptions Options() => new() { Profile = ZeroShotProfile.Uniform(Exact()) };

    private static LikelihoodOptions Exact() => new() { Samples = 64 };
}

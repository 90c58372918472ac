using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The sampler's own likelihood, held to its definition and to what the sampler writes.</summary>
[TestClass]
public sealed class SamplerLikelihoodTests
{
    private const int M = 7;
    private static readonly int[] Context = [3, 1];

    private static LikelihoodRequest[] AllAnswers(int length, int[]? context = null) =>
        [.. BruteForce.Answers(7, length).Select(answer => new LikelihoodRequest(context ?? Context, answer))];

    [TestMethod]
    public void TheProbabilitiesOfAllTextsAddUpToOneUnderEveryPolicy()
    {
        var model = new ToyEvaluator(seed: 5);
        LikelihoodRequest[] all = AllAnswers(3);
        foreach (SamplingOptions policy in SamplerPolicies.All)
        {
            double sum = SamplerPolicies.Score(model, policy, all).Sum(estimate => Math.Exp(estimate.LogLikelihood));
            // Exponentials of 32 bits.
            Assert.AreEqual(1, sum, 1e-7, LikelihoodMethod.Sampler(policy).Name);
        }
    }

    [TestMethod]
    [DataRow("Sampler(Margin, Fixed(2), BlockLength 2)", 0.0)]
    [DataRow("Sampler(TopProbability)", 0.0)]
    [DataRow("Sampler(Entropy, EntropyBound(1))", 0.8)]
    public void FourTokensAndGuidanceAddUpToOneToo(string name, double guidance)
    {
        LikelihoodOptions options = new() { Method = LikelihoodMethod.FromName(name), GuidanceScale = guidance };
        LikelihoodEstimate[] estimates = new MaskedDiffusionScorer(new ToyEvaluator(seed: 6), options).Score(AllAnswers(4));
        Assert.AreEqual(2401, estimates.Length);
        Assert.AreEqual(1, estimates.Sum(estimate => Math.Exp(estimate.LogLikelihood)), 1e-7);
        Assert.IsTrue(estimates.All(estimate => estimate.StandardError == 0 && estimate.TokenCount == 4));
    }

    [TestMethod]
    [DataRow("Margin", "EqualShares", null, null, 0.0)]
    [DataRow("Entropy", "Threshold(0.35)", null, null, 0.0)]
    [DataRow("TopProbability", "Fixed(2)", null, 2, 0.0)]
    [DataRow("Entropy", "EntropyBound(1.2)", null, null, 0.0)]
    [DataRow("LeftToRight", "EqualShares", 2, null, 0.0)]
    [DataRow("Margin", "Linear", 2, null, 0.7)]
    public void TheSamplerWritesEachTextWithItsProbability(string order, string rule, int? steps, int? block, double guidance)
    {
        const int Draws = 20_000, Length = 3;
        var model = new ToyEvaluator(seed: 3, sharpness: 0.8);
        SamplingOptions policy =
            SamplerPolicies.Options(SamplingOrder.FromName(order), TokensPerStep.FromName(rule), steps, block);
        LikelihoodRequest[] all = AllAnswers(Length);
        double[] probabilities =
            [.. SamplerPolicies.Score(model, policy, all, guidance).Select(estimate => Math.Exp(estimate.LogLikelihood))];
        policy.GuidanceScale = guidance;
        int[] start = [.. Context, .. Enumerable.Repeat(M, Length)];
        SamplingRow[] rows = [.. Enumerable.Range(0, Draws).Select(i => new SamplingRow(
            new SamplingRequest(start, [2, 3, 4]) { Key = (ulong)i, BlockStart = 2 }, policy.Clone(), M))];
        new Decoder(model, policy.Clone()).Run(rows, null, CancellationToken.None);
        var counts = new Dictionary<int[], int>(TokenRowComparer.Instance);
        foreach (SamplingRow row in rows)
            counts[row.Tokens[2..]] = counts.GetValueOrDefault(row.Tokens[2..]) + 1;
        ChiSquare.Require([.. all.Select(request => counts.GetValueOrDefault(request.Answer))], probabilities);
    }

    [TestMethod]
    public void TheInfillerWritesEachTextWithItsProbability()
    {
        const int Draws = 20_000;
        var model = new ToyEvaluator(seed: 4, sharpness: 0.8);
        SamplingOptions policy = SamplerPolicies.Options(SamplingOrder.Margin, TokensPerStep.EqualShares);
        LikelihoodRequest[] all = AllAnswers(2, [5]);
        double[] probabilities = [.. SamplerPolicies.Score(model, policy, all).Select(one => Math.Exp(one.LogLikelihood))];
        var counts = new int[all.Length];
        for (int seed = 0; seed < Draws; seed++)
        {
            policy.Seed = seed;
            int[] filled = new TokenInfiller(model, policy).Fill([[5, M, M]])[0];
            counts[7 * filled[1] + filled[2]]++;
        }
        ChiSquare.Require(counts, probabilities);
    }

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(1.5)]
    public void LeftToRightOneByOneIsTheChainRule(double guidance)
    {
        var model = new ToyEvaluator();
        LikelihoodRequest request = new(Context, [2, 6, 0, 5, 5]);
        LikelihoodEstimate own = SamplerPolicies.Score(
            model, SamplerPolicies.Options(SamplingOrder.LeftToRight, TokensPerStep.EqualShares), [request], guidance)[0];
        LikelihoodOptions options = new() { Method = LikelihoodMethod.ChainRule, GuidanceScale = guidance };
        LikelihoodEstimate chain = new MaskedDiffusionScorer(model, options).Score([request])[0];
        Assert.AreEqual(chain.LogLikelihood, own.LogLikelihood, 1e-5);
        Assert.AreEqual(guidance == 0 ? 5 : 10, own.NetworkRows);
        Assert.AreEqual(chain.NetworkRows, own.NetworkRows);
    }

    [TestMethod]
    public void AllAtOnceIsTheSumOfIndependentTokens()
    {
        var model = new ToyEvaluator();
        int[] answer = [2, 6, 0, 5], row = [.. Context, M, M, M, M];
        double expected = Enumerable.Range(0, 4).Sum(i => model.LogProbability(row, row, 0, 2 + i, answer[i]));
        foreach (SamplingOrder order in SamplerPolicies.Orders)
        {
            LikelihoodEstimate estimate = SamplerPolicies.Score(
                model, SamplerPolicies.Options(order, TokensPerStep.EqualShares, steps: 1), [new(Context, answer)])[0];
            Assert.AreEqual(expected, estimate.LogLikelihood, 1e-5, order.Name);
            Assert.AreEqual(1, estimate.NetworkRows);
        }
    }

    [TestMethod]
    [DataRow(1, 5)]
    [DataRow(2, 3)]
    [DataRow(3, 2)]
    public void MarginIsThePolicyOfItsDefinition(int tokensPerStep, int steps)
    {
        var model = new ToyEvaluator(seed: 9);
        int[] answer = [2, 6, 0, 5, 1], row = [.. Context, M, M, M, M, M];
        double expected = 0;
        while (row.Contains(M))
        {
            int[] chosen = [.. Enumerable.Range(2, 5).Where(i => row[i] == M).OrderByDescending(i => Margin(row, i)).Take(tokensPerStep)];
            expected += chosen.Sum(i => model.LogProbability(row, row, 0, i, answer[i - 2]));
            row = [.. row.Select((token, i) => chosen.Contains(i) ? answer[i - 2] : token)];
        }
        LikelihoodEstimate estimate = SamplerPolicies.Score(
            model, SamplerPolicies.Options(SamplingOrder.Margin, TokensPerStep.Fixed(tokensPerStep)), [new(Context, answer)])[0];
        Assert.AreEqual(expected, estimate.LogLikelihood, 1e-5);
        Assert.AreEqual(steps, estimate.NetworkRows);

        double Margin(int[] tokens, int position)
        {
            double[] sorted = [.. Enumerable.Range(0, 7).Select(id => model.LogProbability(tokens, tokens, 0, position, id)).Order()];
            return Math.Exp(sorted[6]) - Math.Exp(sorted[5]);
        }
    }

    [TestMethod]
    public void BlocksAreCountedFromTheAnswer()
    {
        // In blocks of one token every order is left to right, wherever the answer begins.
        var model = new ToyEvaluator();
        LikelihoodRequest request = new([3, 1, 4], [2, 6, 0, 5]);
        double Score(SamplingOrder order, int? block)
        {
            SamplingOptions policy = SamplerPolicies.Options(order, TokensPerStep.EqualShares, block: block);
            return SamplerPolicies.Score(model, policy, [request])[0].LogLikelihood;
        }

        Assert.AreEqual(Score(SamplingOrder.LeftToRight, null), Score(SamplingOrder.Margin, 1), 1e-12);
        Assert.AreEqual(Score(SamplingOrder.Margin, null), Score(SamplingOrder.Margin, 4));
        Assert.AreNotEqual(Score(SamplingOrder.Margin, null), Score(SamplingOrder.Margin, 2));
    }

    [TestMethod]
    public void PaddingIsSeenAndNeverScored()
    {
        var model = new ToyEvaluator();
        LikelihoodOptions options =
            new() { Method = LikelihoodMethod.Sampler(SamplingOrder.LeftToRight), PadToContext = true, GuidanceScale = 0.5 };
        LikelihoodOptions chain = new() { Method = LikelihoodMethod.ChainRule, PadToContext = true, GuidanceScale = 0.5 };
        LikelihoodRequest request = new(Context, [2, 6, 0]);
        LikelihoodEstimate estimate = new MaskedDiffusionScorer(model, options).Score([request])[0];
        Assert.AreEqual(new MaskedDiffusionScorer(model, chain).Score([request])[0].LogLikelihood, estimate.LogLikelihood, 1e-5);
        Assert.IsTrue(model.Seen.All(row => row.Length == 24));
    }

    [TestMethod]
    public void OptionsOfAQuestionShareTheirFirstRow()
    {
        var scorer = new MaskedDiffusionScorer(new ToyEvaluator(), new() { Method = LikelihoodMethod.Sampler(SamplingOrder.Margin) });
        LikelihoodEstimate[][] results =
            scorer.ScoreQuestions([[new(Context, [1, 2]), new(Context, [3, 4])], [], [new(Context, [1, 5])]]);
        CollectionAssert.AreEqual(new[] { 2, 0, 1 }, results.Select(question => question.Length).ToArray());
        Assert.IsTrue(scorer.NetworkRows is 3 or 4, $"{scorer.NetworkRows}");
        Assert.AreEqual(2, results[2][0].NetworkRows);
    }

    [TestMethod]
    public void LogitsFarApartKeepTheirLogProbability()
    {
        // Probabilities of e^-1000 are 0 in 64 bits.
        var model = new ToyEvaluator(sharpness: 3);
        double[] conditional = model.Logits([.. Context, M], 2), free = model.Logits([M, M, M], 2);
        double[] logits = [.. conditional.Zip(free, (c, u) => u + 901 * (c - u))];
        double top = logits.Max(), sum = top + Math.Log(logits.Sum(logit => Math.Exp(logit - top)));
        LikelihoodEstimate[] estimates = SamplerPolicies.Score(
            model, SamplerPolicies.Options(SamplingOrder.Margin, TokensPerStep.EqualShares), AllAnswers(1), guidance: 900);
        Limit.Below(-1000, estimates.Min(estimate => estimate.LogLikelihood));
        for (int token = 0; token < 7; token++)
            Assert.AreEqual(logits[token] - sum, estimates[token].LogLikelihood, 0.01);
    }
}

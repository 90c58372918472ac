using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class AutoregressiveScorerTests
{
    private static readonly TransformerConfig Small = new()
    {
        LayerCount = 1,
        HeadCount = 2,
        EmbeddingSize = 16,
        FeedForwardSize = 24,
        VocabularySize = 7,
        ContextLength = 8,
        Autoregressive = true,
    };

    [TestMethod]
    public void TheProbabilitiesOfAllAnswersAddUpToOne()
    {
        using TransformerNetwork network = Network();
        var scorer = new AutoregressiveScorer(network, new() { BatchTokens = 64 });
        LikelihoodRequest[] requests = [.. Enumerable.Range(0, 7 * 7).Select(i => new LikelihoodRequest([3, 1], [i / 7, i % 7]))];
        LikelihoodEstimate[] estimates = scorer.Score(requests);
        // Floats of 32 bits.
        Assert.AreEqual(1, estimates.Sum(estimate => Math.Exp(estimate.LogLikelihood)), 1e-5);
        Assert.IsTrue(estimates.All(estimate => (estimate.StandardError, estimate.TokenCount, estimate.NetworkRows) == (0, 2, 1)));
    }

    [TestMethod]
    public void AnEstimateIsTheSumOfTheNetworksLogProbabilitiesAndDoesNotDependOnTheOthers()
    {
        using TransformerNetwork network = Network();
        LikelihoodRequest[] requests =
        [
            new([0], [1, 2, 3, 4, 5, 6, 0, 1]), new([2, 2], [5]), new([6], [6]), new([0], [1, 2]), new([4, 3, 2], [1, 0]), new([0], [1, 2]),
        ];
        LikelihoodEstimate[] together = new AutoregressiveScorer(network, new() { BatchTokens = 16 }).Score(requests);
        for (int i = 0; i < requests.Length; i++)
        {
            Assert.AreEqual(Plain(network, requests[i]), together[i].LogLikelihood, 1e-5, "sums in another order");
            Assert.AreEqual(together[i], new AutoregressiveScorer(network, new() { BatchTokens = 1 }).Score([requests[i]])[0]);
        }
    }

    [TestMethod]
    public void RequestsThatDoNotFitAreRefused()
    {
        using TransformerNetwork network = Network();
        var scorer = new AutoregressiveScorer(network, new());
        string Error(int[] context, int[] answer) =>
            Assert.ThrowsExactly<ArgumentException>(() => scorer.Score([new LikelihoodRequest(context, answer)])).Message;
        StringAssert.Contains(Error([], [1]), "context is empty");
        StringAssert.Contains(Error([1], [1, 2, 3, 4, 5, 6, 0, 1, 2]), "need 9 positions; the model has 8");
        StringAssert.Contains(Error([7], [1]), "Token id 7 is outside 0 to 6");
        StringAssert.Contains(Error([0], [-1]), "Token id -1");
    }

    [TestMethod]
    public void WhatNeedsAMaskTokenOrAnotherOrderIsRefused()
    {
        using TransformerNetwork network = Network();
        string Error(LikelihoodOptions options) =>
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => RequestScorer.For(network, options)).Message;
        StringAssert.Contains(Error(new() { Method = LikelihoodMethod.MonteCarlo }),
            "Method is 'MonteCarlo'; it must be ExactCount (the default) or ChainRule for an autoregressive model");
        StringAssert.Contains(Error(new() { Method = LikelihoodMethod.Enumerate }), "'Enumerate'");
        StringAssert.Contains(Error(new() { GuidanceScale = 0.5 }), "GuidanceScale is 0.5; it must be 0 for an autoregressive model");
        StringAssert.Contains(Error(new() { PadToContext = true }), "PadToContext");
        StringAssert.Contains(Error(new() { Samples = 1 }), "Samples is 1");
        var scorer = new AutoregressiveScorer(network, new() { Method = LikelihoodMethod.ChainRule, TargetStandardError = 0.1 });
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() =>
            scorer.Score([new LikelihoodRequest([1], [2, 3]) { Order = [1, 0] }])).Message, "left to right");
        Assert.AreEqual(scorer.Score([new([1], [2, 3])])[0], scorer.Score([new([1], [2, 3]) { Order = [0, 1] }])[0]);
    }

    [TestMethod]
    public void ItWritesGreedilyWhatIsMostLikelyTokenByToken()
    {
        using TransformerNetwork network = Network();
        var scorer = new AutoregressiveScorer(network, new() { BatchTokens = 16 });
        // By hand: of all continuations of one more token the likeliest, three times over.
        int[] context = [3, 1], written = [];
        for (int step = 0; step < 3; step++)
        {
            LikelihoodEstimate[] next =
                scorer.Score([.. Enumerable.Range(0, 7).Select(id => new LikelihoodRequest([.. context, .. written], [id]))]);
            written = [.. written, Enumerable.Range(0, 7).MaxBy(id => next[id].LogLikelihood)];
        }
        LikelihoodRequest[] requests = [.. Enumerable.Range(0, 3)
            .Select(place => new LikelihoodRequest(context, [.. written.Select((id, i) => i == place ? (id + 1) % 7 : id)])),
            new(context, written), new([2], written)];
        bool[] matched = scorer.MatchGreedily(requests);
        CollectionAssert.AreEqual(new[] { false, false, false, true }, matched[..4]);
        CollectionAssert.AreEqual(matched, requests.Select(request => scorer.MatchGreedily([request])[0]).ToArray());
    }

    [TestMethod]
    public void DamagedWeightsAreAnError()
    {
        using TransformerNetwork network = Network();
        TensorMemory.FloatSpan(network.Parameters["lm_head.weight"]).Fill(float.NaN);
        var scorer = new AutoregressiveScorer(network, new());
        Assert.ThrowsExactly<NotFiniteNumberException>(() => scorer.Score([new([1], [2, 3])]));
        Unwrapped.Throws<NotFiniteNumberException>(() => scorer.MatchGreedily([new([1], [2, 3])]));
        // Of one token alone, which is not the first.
        using TransformerNetwork other = Network();
        Span<float> rows = TensorMemory.FloatSpan(other.Parameters["lm_head.weight"]);
        rows.Slice(2 * other.Config.EmbeddingSize, other.Config.EmbeddingSize).Fill(float.NaN);
        var partly = new AutoregressiveScorer(other, new());
        Unwrapped.Throws<NotFiniteNumberException>(() => partly.MatchGreedily([new([1], [1, 3])]));
    }

    [TestMethod]
    public void AMaskedDiffusionNetworkIsRefused()
    {
        using var network = new TransformerNetwork(Small with { Autoregressive = false }, CPU);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new AutoregressiveScorer(network, new())).Message,
            "autoregressive");
    }

    private static TransformerNetwork Network()
    {
        var network = new TransformerNetwork(Small, CPU);
        network.Initialize(3);
        return network;
    }

    private static double Plain(TransformerNetwork network, LikelihoodRequest request)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        long[] whole = [.. request.Context.Concat(request.Answer).Select(id => (long)id)];
        float[] logits = TensorMemory.FloatSpan(network.Forward(new TokenRows(whole[..^1], whole.Length - 1)).contiguous()).ToArray();
        double sum = 0;
        for (int i = request.Context.Length; i < whole.Length; i++)
        {
            float[] at = logits[((i - 1) * 7)..(i * 7)];
            sum += at[whole[i]] - Math.Log(at.Sum(logit => Math.Exp(logit)));
        }
        return sum;
    }
}

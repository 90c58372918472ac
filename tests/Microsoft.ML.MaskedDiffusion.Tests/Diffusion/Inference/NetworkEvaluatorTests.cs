using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class NetworkEvaluatorTests
{
    private static readonly TransformerConfig Small = TransformerNetworkTests.Small;

    private static LikelihoodRequest[] Requests(int count)
    {
        var random = new Random(5);
        int[] Ids(int length) => [.. Enumerable.Range(0, length).Select(_ => random.Next(Small.VocabularySize))];
        return [.. Enumerable.Range(0, count).Select(_ => new LikelihoodRequest(Ids(random.Next(5)), Ids(random.Next(1, 10))))];
    }

    private static int[][] Gapped() =>
        [.. Requests(20).Select(request =>
            (int[])[.. request.Context, .. request.Answer.Select((id, i) => i % 3 == 1 ? id : Small.MaskTokenId)])];

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(1.5)]
    public void LogProbabilitiesAndLogitsAreThoseOfThePlainNetwork(double scale)
    {
        // Logits reach 20; 64 bits: the rotary table stays 32-bit.
        foreach ((ScalarType type, double tolerance) in new[] { (ScalarType.Float32, 2e-4), (ScalarType.Float64, 1e-5) })
        {
            using TransformerNetwork network = TransformerNetworkTests.Sharp(Small, type);
            var reference = new ReferenceNetwork(Small,
                network.Parameters.ToDictionary(p => p.Key, p => p.Value.detach().to(ScalarType.Float64).data<double>().ToArray()));
            int[] tokens = [3, 1, 4, 19, 5, 19, 2], other = Guidance.Unconditional(tokens, 3, 19)!;
            var batch = new RowBatch(7, scale);
            batch.Add(new MaskedRow([0, 1, 2, 3, 4, 5, 19], null, [6], [18]));
            batch.Add(new MaskedRow(tokens, other, [3, 5], [7, 0]));
            // The same position again, asked about another token.
            batch.Add(new MaskedRow(tokens, other, [5], [11]));
            Assert.AreEqual(scale == 0 ? 2 : 3, batch.RowCount);
            var values = new double[4];
            var evaluator = new NetworkEvaluator(network);
            evaluator.LogProbabilities(batch, values);
            double[][] conditional = reference.Logits(tokens), free = reference.Logits(other);
            foreach ((int query, int position, int target) in new[] { (1, 3, 7), (2, 5, 0), (3, 5, 11) })
            {
                double[] guided = [.. conditional[position].Zip(free[position], (c, u) => (1 + scale) * c - scale * u)];
                Assert.AreEqual(guided[target] - Math.Log(guided.Sum(Math.Exp)), values[query], tolerance * (1 + scale));
                evaluator.ReadLogits(batch, (at, logits) =>
                {
                    if (at != query)
                        return;
                    for (int i = 0; i < guided.Length; i++)
                        Assert.AreEqual(guided[i], logits[i], tolerance * (1 + scale));
                });
            }
        }
    }

    [TestMethod]
    [DataRow("ExactCount", 0.0)]
    [DataRow("ExactCount", 0.7)]
    [DataRow("MonteCarlo", 0.0)]
    [DataRow("ChainRule", 0.7)]
    [DataRow("Enumerate", 0.0)]
    public void ScoresAreTheSameBitsInEveryBatchAndThread(string name, double scale)
    {
        using TransformerNetwork network = TransformerNetworkTests.Sharp(Small, ScalarType.Float32);
        var evaluator = new NetworkEvaluator(network);
        LikelihoodOptions Options(int tokens) =>
            new() { Method = LikelihoodMethod.FromName(name), Samples = 16, GuidanceScale = scale, BatchTokens = tokens };
        LikelihoodRequest[] requests = Requests(20);
        var scorer = new MaskedDiffusionScorer(evaluator, Options(8192));
        LikelihoodEstimate[] together = scorer.Score(requests);
        CollectionAssert.AreEqual(together, new MaskedDiffusionScorer(evaluator, Options(50)).Score([.. requests.Reverse()]).Reverse()
            .ToArray());
        Parallel.For(0, requests.Length, i => Assert.AreEqual(together[i], scorer.Score([requests[i]])[0]));
    }

    [TestMethod]
    public void GapsAreFilledTheSameInEveryBatchAndThread()
    {
        using TransformerNetwork network = TransformerNetworkTests.Sharp(Small, ScalarType.Float32);
        var evaluator = new NetworkEvaluator(network);
        SamplingOptions Options(int tokens) => new() { Temperature = 0.8, GuidanceScale = 0.5, BatchTokens = tokens };
        int[][] rows = Gapped();
        int[][] together = new TokenInfiller(evaluator, Options(8192)).Fill(rows),
            apart = new TokenInfiller(evaluator, Options(1)).Fill([.. rows.Reverse()]);
        var infiller = new TokenInfiller(evaluator, Options(100));
        Parallel.For(0, rows.Length, i =>
        {
            CollectionAssert.AreEqual(together[i], apart[^(i + 1)]);
            CollectionAssert.AreEqual(together[i], infiller.Fill([rows[i]])[0]);
        });
    }

    [TestMethod]
    public void ChainRuleProbabilitiesOfATrueNetworkSumToOne()
    {
        TransformerConfig config = Small with { VocabularySize = 7 };
        using TransformerNetwork network = TransformerNetworkTests.Sharp(config, ScalarType.Float32);
        LikelihoodRequest[] all = [.. BruteForce.Answers(7, 3).Select(answer => new LikelihoodRequest([2, 5], answer))];
        var scorer = new MaskedDiffusionScorer(new NetworkEvaluator(network), new() { Method = LikelihoodMethod.ChainRule });
        Assert.AreEqual(1, scorer.Score(all).Sum(estimate => Math.Exp(estimate.LogLikelihood)), 1e-5);
        Assert.AreEqual(1 + 7 + 49, scorer.NetworkRows, "answers with the same beginning share their rows");
    }

    [TestMethod]
    public void DamagedWeightsAreAnError()
    {
        using TransformerNetwork network = TransformerNetworkTests.Sharp(Small, ScalarType.Float32);
        using (IDisposable noGradient = no_grad())
        using (Tensor row = network.Parameters["lm_head.weight"].narrow(0, 4, 1))
            row.Set(float.NaN);
        var evaluator = new NetworkEvaluator(network);
        Assert.ThrowsExactly<NotFiniteNumberException>(() => new MaskedDiffusionScorer(evaluator, new()).Score([new([1], [2, 3])]));
        Assert.ThrowsExactly<NotFiniteNumberException>(() => new TokenInfiller(evaluator, new()).Fill([[1, Small.MaskTokenId]]));
    }

    [TestMethod]
    public void AnAutoregressiveNetworkIsRefused()
    {
        using var network = new TransformerNetwork(Small with { Autoregressive = true }, CPU);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => new NetworkEvaluator(network)).Message, "autoregressive");
    }

    [TestMethod]
    [DoNotParallelize]
    public void ScoringLeavesNoTensorsBehind()
    {
        using TransformerNetwork network = TransformerNetworkTests.Sharp(Small, ScalarType.Float32);
        var evaluator = new NetworkEvaluator(network);
        void Work()
        {
            new MaskedDiffusionScorer(evaluator, new() { Samples = 8, GuidanceScale = 1 }).Score(Requests(10));
            new TokenInfiller(evaluator, new() { GuidanceScale = 1 }).Fill(Gapped());
        }
        Work();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long before = Tensor.TotalCount;
        for (int i = 0; i < 5; i++)
            Work();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.AreEqual(before, Tensor.TotalCount);
    }
}

using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Hybrid noise against plain sums over all tokens, a chain of small steps, and masked diffusion.</summary>
[TestClass]
public sealed unsafe class HybridProcessTests
{
    private const int Length = 9;

    private static TransformerConfig Words(int tokens) => new()
    {
        LayerCount = 1, HeadCount = 1, EmbeddingSize = 8, FeedForwardSize = 8, VocabularySize = tokens, ContextLength = 8,
    };

    /// <summary>The distribution at time t of a token whose distribution at 0 is given; the mask token's probability is the last.</summary>
    private static double[] Marginal(double t, double share, double[] tokens)
    {
        double uniform = 2 * share / (1 - share) * Math.Sqrt(t * (1 - t)), norm = 1 + uniform;
        return [.. tokens.Select(p => ((1 - t) * p + uniform / tokens.Length) / norm), t / norm];
    }

    private static double Divergence(double[] p, double[] q) => p.Zip(q, (a, b) => a == 0 ? 0 : a * Math.Log(a / b)).Sum();

    private static double Loss(double[] prediction, in HybridTerm term)
    {
        float[] logits = [.. prediction.Select(p => (float)Math.Log(p))];
        fixed (float* row = logits)
            return HybridLossKernels.Loss(row, term, logits.Length);
    }

    private static HybridTerm Term(
        HybridProcess process, in HybridLevel level, long target, long seen, LossWeighting weighting = LossWeighting.InverseNoiseLevel)
    {
        var batch = new HybridBatch
        {
            Count = 1, Length = 1, Tokens = [seen], Levels = [level], Positions = [0], Targets = [target],
        };
        return process.Terms(batch, weighting)[0];
    }

    [TestMethod]
    [DataRow(0.1)]
    [DataRow(0.5)]
    public void TheLossIsTheLimitOfSmallSteps(double share)
    {
        const int Tokens = 3, Mask = 3;
        const double Step = 1e-6;
        var process = new HybridProcess(Words(Tokens), share, epsilon: 0);
        double[] truth = [0, 1, 0], nothing = [0, 0, 0];
        double[][] predictions = [[0.5, 0.2, 0.3], [0.05, 0.9, 0.05], [0.3, 0.3, 0.4], [0.25, 0.6, 0.15]];
        foreach (double t in new[] { 0.02, 0.3, 0.5, 0.9, 0.99 })
        {
            double s = t - Step;
            // What a step adds to each token from all others, and what it leaves alone.
            double Kept(double time) => (1 - time) / (1 + 2 * share / (1 - share) * Math.Sqrt(time * (1 - time)));
            double kept = Kept(t) / Kept(s);
            double[] mixedNow = Marginal(t, share, nothing), mixedBefore = Marginal(s, share, nothing);
            double[] Posterior(double[] tokens, int seen)
            {
                double[] before = Marginal(s, share, tokens);
                double[] joint =
                    [.. before.Select((p, v) => p * ((v == seen ? kept : 0) + mixedNow[seen] - kept * mixedBefore[seen]))];
                return [.. joint.Select(p => p / joint.Sum())];
            }
            double[] now = Marginal(t, share, truth);
            double expected = 0, actual = 0;
            for (int seen = 0; seen <= Mask; seen++)
            {
                expected += now[seen] * Divergence(Posterior(truth, seen), Posterior(predictions[seen], seen)) / Step;
                actual += now[seen] * Loss(predictions[seen], Term(process, process.LevelInTraining(t), 1, seen));
            }
            // Of the first order in the step, relative to the distance from the ends of time.
            Assert.AreEqual(expected, actual, 1e-3 * expected, $"t = {t}");
        }
    }

    [TestMethod]
    public void TokensBecomeWhatTheMarginalsSay()
    {
        const int Tokens = 5, Draws = 100_000;
        foreach (int? mask in new int?[] { null, 2 })
        {
            TransformerConfig config = mask is { } id ? Words(Tokens + 1) with { MaskTokenId = id } : Words(Tokens);
            int[] words = [.. Enumerable.Range(0, config.VocabularySize).Where(token => token != config.MaskTokenId)];
            var process = new HybridProcess(config, 0.3);
            HybridLevel level = process.LevelInTraining(0.4);
            // Evenly spaced draws count probabilities exactly, but for one draw at each end of a part.
            double[] uniforms = [.. Enumerable.Range(0, Draws).Select(i => (i + 0.5) / Draws)];
            long[] tokens = new long[Draws];
            Array.Fill(tokens, words[3]);
            bool[] kept = new bool[Draws];
            kept[7] = true;
            HybridBatch noisy = process.Corrupt(tokens, Draws, [level], uniforms, kept);
            double[] truth = new double[Tokens];
            truth[3] = 1;
            double[] expected = Marginal(level.Time, 0.3, truth);
            for (int i = 0; i <= Tokens; i++)
            {
                int token = i < Tokens ? words[i] : config.MaskTokenId;
                Assert.AreEqual(expected[i] * Draws, noisy.Tokens.Count(seen => seen == token), 3, $"{i}");
            }
            Assert.AreEqual(words[3], noisy.Tokens[7], "what is kept stays");
            Assert.HasCount(Draws - 1, noisy.Positions);
            Assert.IsFalse(noisy.Positions.Contains(7));
        }
        Assert.AreEqual(0.3, new HybridProcess(Words(4), 0.3, epsilon: 0).LevelInTraining(0.5).UniformProbability, 1e-12, "the peak");
    }

    [TestMethod]
    public void WithoutUniformNoiseItIsMaskedDiffusion()
    {
        // As little uniform noise as leaves a number for each token.
        const double Share = 1e-12;
        TransformerConfig config = TransformerNetworkTests.Small;
        var process = new HybridProcess(config, Share, ForwardProcess.Epsilon);
        float[] levels = [0.001f, 0.2f, 0.5f, 0.8f, 0.99f];
        var random = new Random(4);
        float[] uniforms = [.. Enumerable.Range(0, levels.Length * Length).Select(_ => random.NextSingle())];
        long[] tokens = [.. uniforms.Select(_ => (long)random.Next(config.VocabularySize))];
        NoisyBatch masked = new ForwardProcess(config.MaskTokenId).Corrupt(tokens, Length, levels, uniforms);
        HybridBatch hybrid = process.Corrupt(tokens, Length, [.. levels.Select(level => process.LevelInTraining(level))],
            [.. uniforms.Select(value => (double)value)], new bool[tokens.Length]);
        CollectionAssert.AreEqual(masked.Tokens, hybrid.Tokens);
        for (int row = 0; row < levels.Length; row++)
        {
            HybridLevel level = hybrid.Levels[row];
            Assert.AreEqual(1 / level.Time, level.MaskWeight * level.KeptProbability, 1e-9 / level.Time, "the weight 1 / t");
            Assert.AreEqual(level.Time, masked.Probabilities[row], 1e-6);
        }
        using var scope = NewDisposeScope();
        using var network = new TransformerNetwork(config, CPU);
        network.Initialize(3);
        double[] expected = new MaskedDiffusionObjective().RowLosses(network, masked), actual = Rows(network, process, hybrid);
        for (int row = 0; row < expected.Length; row++)
            Assert.AreEqual(expected[row], actual[row], 1e-5 * (1e-3 + expected[row]), "losses in 32 bits");
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void BothBackendsComputeThePlainSumsAndTheirGradients(bool predictsMask)
    {
        TransformerConfig config = TransformerNetworkTests.Small;
        if (predictsMask)
            config = config with { MaskTokenId = 6 };
        int[] words = [.. Enumerable.Range(0, config.VocabularySize).Where(token => token != config.MaskTokenId)];
        const double Share = 0.4;
        var process = new HybridProcess(config, Share);
        var random = new Random(6);
        long[] tokens = [.. Enumerable.Range(0, 5 * Length).Select(_ => (long)words[random.Next(words.Length)])];
        HybridBatch batch = process.Corrupt(
            tokens, Length, [.. new[] { 0.001, 0.2, 0.5, 0.9, 0.9999 }.Select(process.LevelInTraining)],
            [.. tokens.Select(_ => random.NextDouble())], new bool[tokens.Length]);
        Assert.IsGreaterThan(3, batch.Tokens.Zip(tokens).Count(pair => pair.First != config.MaskTokenId && pair.First != pair.Second));
        using var scope = NewDisposeScope();
        using TransformerNetwork narrow = new(config, CPU), wide = new(config, CPU, ScalarType.Float64);
        narrow.Initialize(3);
        using (no_grad())
            narrow.Parameters[TransformerNetwork.HeadName].Scale(8);
        wide.CopyFrom(narrow);
        foreach (TransformerNetwork network in new[] { narrow, wide })
        {
            double[] expected = Plain(network, batch, words, Share, tokens), actual = Losses(network, process, batch);
            for (int i = 0; i < expected.Length; i++)
                Assert.AreEqual(expected[i], actual[i], 1e-4 * expected[i] + 1e-8, $"{network.Type}, position {i}: differences of 1e-7");
        }

        // The gradients of one backend come from formulas, those of the other from torch.
        foreach (TransformerNetwork network in new[] { narrow, wide })
        {
            network.ZeroGradients();
            network.Backward(LossOf(network, process, batch).sum());
        }
        foreach ((string name, Parameter parameter) in wide.Parameters)
        {
            double[] right = parameter.grad!.data<double>().ToArray();
            double[] found = narrow.Parameters[name].grad!.to(ScalarType.Float64).data<double>().ToArray();
            double largest = right.Max(Math.Abs);
            for (int i = 0; i < right.Length; i++)
                Assert.AreEqual(right[i], found[i], 1e-3 * largest, name);
        }
    }

    // The loss by its definition: all probabilities of each position, and the rate of what is seen by a difference over time.
    private static double[] Plain(TransformerNetwork network, HybridBatch batch, int[] words, double share, long[] tokens)
    {
        double[] expected = new double[batch.Positions.Length], nothing = new double[words.Length];
        using Tensor logits = network.Forward(new TokenRows(batch.Tokens, Length)).view(-1, network.Config.VocabularySize)
            .to(ScalarType.Float64);
        for (int i = 0; i < expected.Length; i++)
        {
            double[] at = logits[i].data<double>().ToArray();
            double[] each = [.. words.Select(token => Math.Exp(at[token]))];
            double[] prediction = [.. each.Select(p => p / each.Sum())];
            double[] truth = [.. words.Select(token => token == tokens[i] ? 1.0 : 0)];
            HybridLevel level = batch.Levels[batch.RowOf(i)];
            double[] q = Marginal(level.Time, share, truth), p = Marginal(level.Time, share, prediction);
            int seen = batch.Tokens[i] == network.Config.MaskTokenId ? words.Length : Array.IndexOf(words, (int)batch.Tokens[i]);
            const double Step = 1e-7;
            double later = level.Time + Step * level.Rest;
            double kept = (1 - Step) * (1 + Norm(level.Time)) / (1 + Norm(later));
            double rate = (Marginal(later, share, nothing)[seen] - kept * Marginal(level.Time, share, nothing)[seen]) / (Step * level.Rest);
            double ratio = q[seen] / p[seen];
            expected[i] = rate / q[seen] * (Divergence(q, p) + ratio - 1 - Math.Log(ratio));
        }
        return expected;

        double Norm(double t) => 2 * share / (1 - share) * Math.Sqrt(t * (1 - t));
    }

    [TestMethod]
    public void WeightsOfTrainingsAreThePublishedOnes()
    {
        var process = new HybridProcess(Words(50), 0.2);
        foreach (double draw in new[] { 0.01, 0.3, 0.7, 0.999 })
        {
            HybridLevel level = process.LevelInTraining(draw);
            double Weight(long seen, LossWeighting weighting) =>
                Term(process, level, 1, seen, weighting).DivergenceWeight * 50 / level.UniformProbability;
            Assert.AreEqual(2, Weight(50, LossWeighting.Dynamic), 1e-12);
            Assert.AreEqual(1, Weight(3, LossWeighting.Dynamic), 1e-12);
            double uniform = 0.5 * Math.Sqrt(level.Time * level.Rest), signal = level.Rest / (level.Time + uniform);
            Assert.AreEqual(Math.Min(2, 0.5 / 50 / Math.Sqrt(signal)), Weight(1, LossWeighting.Dynamic), 1e-9);
            foreach (long seen in new long[] { 50, 3, 1 })
            {
                Assert.AreEqual(Math.Min(2, Weight(seen, LossWeighting.InverseNoiseLevel)), Weight(seen, LossWeighting.Clipped), 1e-12);
                Assert.AreEqual(seen == 50, Term(process, level, 1, seen).RatioWeight == 0);
            }
        }
        // With little uniform noise the formula for right tokens is the bound's proportion.
        HybridLevel faint = new HybridProcess(Words(50), 1e-8).LevelInTraining(0.3);
        double dynamic = Term(new HybridProcess(Words(50), 1e-8), faint, 1, 1, LossWeighting.Dynamic).RatioWeight;
        Assert.AreEqual(faint.RightWeight / faint.WrongWeight, dynamic, 1e-6 * dynamic);
    }

    private static Tensor LossOf(TransformerNetwork network, HybridProcess process, HybridBatch batch) => network.HybridLoss(
        network.HiddenAt(new TokenRows(batch.Tokens, batch.Length), batch.Positions),
        process.Terms(batch, LossWeighting.InverseNoiseLevel));

    private static double[] Losses(TransformerNetwork network, HybridProcess process, HybridBatch batch)
    {
        using IDisposable noGradient = no_grad();
        using Tensor losses = LossOf(network, process, batch).to(ScalarType.Float64);
        return losses.data<double>().ToArray();
    }

    private static double[] Rows(TransformerNetwork network, HybridProcess process, HybridBatch batch)
    {
        double[] losses = Losses(network, process, batch), rows = new double[batch.Count];
        for (int i = 0; i < losses.Length; i++)
            rows[batch.RowOf(i)] += losses[i] / batch.Length;
        return rows;
    }
}

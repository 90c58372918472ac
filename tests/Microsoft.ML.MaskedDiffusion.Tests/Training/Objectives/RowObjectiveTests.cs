using Microsoft.ML.MaskedDiffusion.Corpora.Prompts;
using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Both objectives on rows of prompt and answer against plain computations, row by row.</summary>
[TestClass]
public sealed class RowObjectiveTests
{
    private const int End = 11, Mask = 12;

    private static readonly TransformerConfig Config = new()
    {
        LayerCount = 2, HeadCount = 2, EmbeddingSize = 16, FeedForwardSize = 24, VocabularySize = 12, ContextLength = 12,
    };

    // Prompts of 0 to 4 ids and answers of 2 to 6, of random ids.
    private static RowBlocks Rows(RowPadding padding, int count = 8, int seed = 4)
    {
        var random = new Random(seed);
        var blocks = new RowBlocks(12, End, padding, maxLength: 12);
        int[] Ids(int length) => [.. Enumerable.Range(0, length).Select(_ => random.Next(11))];
        for (int i = 0; i < count; i++)
            blocks.Add(Ids(i % 5), [.. Ids(1 + i % 3 * 2), End]);
        return blocks;
    }

    private static TokenBatch Batch(RowBlocks blocks, int first = 0, int? count = null)
    {
        int rows = count ?? blocks.Count - first;
        var batch = new TokenBatch(rows, blocks.Length, 16, seed: 5, RandomPurpose.Mask);
        batch.Clear(blocks.PadsToLongest ? Enumerable.Range(first, rows).Max(row => blocks.Extent(row).Length) : null);
        for (int row = first; row < first + rows; row++)
            batch.Add(blocks, row, (ulong)row);
        return batch;
    }

    private static TransformerNetwork Network(bool autoregressive = false)
    {
        var network = new TransformerNetwork(Config with { Autoregressive = autoregressive }, torch.CPU);
        network.Initialize(1);
        return network;
    }

    // -log p of every id at every place of one row, from all logits.
    private static double[] Losses(TransformerNetwork network, long[] seen, long[] targets)
    {
        using var scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        int width = network.Config.VocabularySize;
        float[] logits = TensorMemory.FloatSpan(network.Forward(new TokenRows(seen, seen.Length)).contiguous()).ToArray();
        return [.. targets.Select((target, i) =>
        {
            float[] at = logits[(i * width)..((i + 1) * width)];
            return Math.Log(at.Sum(logit => Math.Exp(logit))) - at[target];
        })];
    }

    // The sum over the masked answer of -log p / probability, and the number of answer ids: each row alone, with the draws of its own
    // stream.
    private static (double Sum, int Targets) Plain(TransformerNetwork network, TokenBatch batch, int row, bool dropsPrompt)
    {
        long[] ids = batch.Row(row).ToArray(), seen = [.. ids];
        int prompt = batch.PromptLength(row);
        CounterRandom random = batch.RandomOf(row);
        float probability = 0.999f * random.NextSingle() + 0.001f;
        for (int i = 0; i < ids.Length; i++)
        {
            bool masked = random.NextSingle() < probability;
            if (i < prompt ? dropsPrompt : masked)
                seen[i] = Mask;
        }
        double[] losses = Losses(network, seen, ids);
        return (Enumerable.Range(prompt, ids.Length - prompt).Where(i => seen[i] == Mask).Sum(i => losses[i] / probability),
            ids.Length - prompt);
    }

    [TestMethod]
    [DataRow(RowPadding.None, 0.0)]
    [DataRow(RowPadding.Longest, 0.0)]
    [DataRow(RowPadding.Full, 0.0)]
    [DataRow(RowPadding.None, 1.0)]
    [DataRow(RowPadding.Longest, 1.0)]
    public void TheLossIsThatOfTheAnswersOverTheirTokens(RowPadding padding, double guidanceDropout)
    {
        using var scope = torch.NewDisposeScope();
        using TransformerNetwork network = Network();
        TokenBatch batch = Batch(Rows(padding));
        (double Sum, int Targets)[] rows = [.. Enumerable.Range(0, batch.Count)
            .Select(row => Plain(network, batch, row, dropsPrompt: guidanceDropout == 1))];
        double expected = rows.Sum(row => row.Sum) / rows.Sum(row => row.Targets);
        double actual = new DiffusionObjective(Config, guidanceDropout: guidanceDropout).Loss(network, batch).ToDouble();
        // Sums of floats in another order.
        Assert.AreEqual(expected, actual, 1e-5 * expected);
    }

    [TestMethod]
    public void GradientsOfRowsTogetherAreTheSumOfThoseApart()
    {
        using var scope = torch.NewDisposeScope();
        using TransformerNetwork network = Network();
        RowBlocks blocks = Rows(RowPadding.None);
        var objective = new DiffusionObjective(Config);
        objective.Loss(network, Batch(blocks)).backward();
        Dictionary<string, float[]> together = network.Parameters.ToDictionary(
            p => p.Key, p => TensorMemory.FloatSpan(p.Value.grad!).ToArray());
        network.ZeroGradients();
        int targets = Batch(blocks).TargetCount();
        for (int row = 0; row < blocks.Count; row++)
        {
            TokenBatch one = Batch(blocks, row, 1);
            objective.Loss(network, one).Times((double)one.TargetCount() / targets).backward();
        }
        foreach ((string name, float[] expected) in together)
        {
            ReadOnlySpan<float> apart = TensorMemory.FloatSpan(network.Parameters[name].grad!);
            double largest = expected.Max(Math.Abs);
            for (int i = 0; i < expected.Length; i++)
                Assert.AreEqual(expected[i], apart[i], 2e-5 * largest + 1e-7, name);
        }
    }

    [TestMethod]
    public void PromptsAreNeverNoised()
    {
        RowBlocks blocks = Rows(RowPadding.None, count: 500);
        TokenBatch batch = Batch(blocks);
        var objective = new DiffusionObjective(Config);
        int masked = 0;
        foreach (int[] rows in LengthGroups.Of(batch))
        {
            NoisyBatch noisy = objective.Corrupt(batch, rows, NoiseLevels.Independent);
            for (int i = 0; i < rows.Length; i++)
            {
                ReadOnlySpan<long> seen = noisy.Tokens.AsSpan(i * noisy.Length, noisy.Length), clean = batch.Row(rows[i]);
                int prompt = batch.PromptLength(rows[i]);
                Assert.IsTrue(seen[..prompt].SequenceEqual(clean[..prompt]));
                Assert.IsFalse(noisy.MaskedPositions.Any(position => position / noisy.Length == i && position % noisy.Length < prompt));
                masked += seen.Count(Mask);
            }
        }
        // Half of the answers' ids on average; the exact share is the forward process's own test.
        Assert.AreEqual(0.5, (double)masked / batch.TargetCount(), 0.05);
    }

    /// <summary>Draws as ever, but for a prompt's numbers, which are all as given.</summary>
    private sealed class OtherPromptDraws(float value) : DiffusionObjective(Config)
    {
        protected override float Draw(TokenBatch batch, int row, NoiseLevels sampling, Span<float> uniforms)
        {
            float level = base.Draw(batch, row, sampling, uniforms);
            uniforms[..batch.PromptLength(row)].Fill(value);
            return level;
        }
    }

    [TestMethod]
    public void APromptsDrawsChangeNothing()
    {
        using var scope = torch.NewDisposeScope();
        using TransformerNetwork network = Network();
        TokenBatch batch = Batch(Rows(RowPadding.Longest));
        var gradients = new List<float[]>();
        foreach (float value in new[] { 0f, 0.999f })
        {
            network.ZeroGradients();
            new OtherPromptDraws(value).Loss(network, batch).backward();
            gradients.Add(TensorMemory.FloatSpan(network.Parameters["transformer.wte.weight"].grad!).ToArray());
        }
        CollectionAssert.AreEqual(gradients[0], gradients[1]);
    }

    /// <summary>Shows the decision about prompts.</summary>
    private sealed class Deciding(double guidanceDropout) : DiffusionObjective(Config, guidanceDropout: guidanceDropout)
    {
        public bool Drops(TokenBatch batch) => DropsPrompts(batch);
    }

    [TestMethod]
    public void GuidanceDropsPromptsOfAShareOfMicroBatches()
    {
        const int Draws = 4000;
        RowBlocks blocks = Rows(RowPadding.None, count: 2);
        var objective = new Deciding(0.3);
        bool Drops(ulong stream)
        {
            var batch = new TokenBatch(2, blocks.Length, 2, seed: 5, RandomPurpose.Mask);
            batch.Add(blocks, 0, stream);
            batch.Add(blocks, 1, stream + 1);
            return objective.Drops(batch);
        }
        bool[] dropped = [.. Enumerable.Range(0, Draws).Select(i => Drops((ulong)(2 * i)))];
        // Five standard deviations; the seed is fixed.
        Assert.AreEqual(0.3, dropped.Count(drops => drops) / (double)Draws, 5 * Math.Sqrt(0.3 * 0.7 / Draws));
        CollectionAssert.AreEqual(dropped[..50], Enumerable.Range(0, 50).Select(i => Drops((ulong)(2 * i))).ToArray(),
            "decided by the place in the run alone");
        Assert.IsFalse(new Deciding(0).Drops(Batch(blocks)));
    }

    [TestMethod]
    public void ValidationIsTheBoundOfTheAnswerPerTokenWhateverTheBatch()
    {
        using TransformerNetwork network = Network();
        RowBlocks blocks = Rows(RowPadding.None);
        // Dropping prompts is for training only.
        var objective = new DiffusionObjective(Config, guidanceDropout: 1);
        double[] together = objective.RowLosses(network, Batch(blocks));
        for (int row = 0; row < blocks.Count; row++)
            Assert.AreEqual(together[row], objective.RowLosses(network, Batch(blocks, row, 1)).Single(), "the same bits alone");
        // With every level drawn often the mean of a one-token answer nears -log p of it and of the end.
        var many = new RowBlocks(12, End, RowPadding.None, 12);
        many.Add([1, 2], [End]);
        var batch = new TokenBatch(2000, 3, 2000, seed: 7, RandomPurpose.Validation);
        for (int i = 0; i < 2000; i++)
            batch.Add(many, 0, (ulong)i);
        double exact = Losses(network, [1, 2, Mask], [0, 0, End])[2];
        // A draw is exact / p with probability p, p uniform: the standard deviation of a draw is some 2.2 times the mean (E[1/p] = ln
        // 1000).
        Assert.AreEqual(exact, objective.RowLosses(network, batch).Average(), 5 * 2.5 * exact / Math.Sqrt(2000));
    }

    [TestMethod]
    public void AnAutoregressiveModelLearnsAnswersOnly()
    {
        using var scope = torch.NewDisposeScope();
        using TransformerNetwork network = Network(autoregressive: true);
        TokenBatch batch = Batch(Rows(RowPadding.None));
        var objective = new AutoregressiveObjective();
        double[] rows = objective.RowLosses(network, batch);
        double sum = 0;
        int count = 0;
        for (int row = 0; row < batch.Count; row++)
        {
            long[] ids = batch.Row(row).ToArray();
            double[] losses = [.. Losses(network, ids[..^1], ids[1..]).Skip(Math.Max(0, batch.PromptLength(row) - 1))];
            Assert.AreEqual(losses.Average(), rows[row], 1e-5, "floats in another order");
            (sum, count) = (sum + losses.Sum(), count + losses.Length);
        }
        Assert.AreEqual(sum / count, objective.Loss(network, batch).ToDouble(), 1e-5);
    }
}

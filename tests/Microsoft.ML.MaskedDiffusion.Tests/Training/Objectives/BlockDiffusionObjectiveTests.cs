using Microsoft.ML.MaskedDiffusion.Corpora.Prompts;
using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// The loss of block diffusion against what it stands for: each noised block behind the clean text before it, one pass of the network for
/// each block.
/// </summary>
[TestClass]
public sealed class BlockDiffusionObjectiveTests
{
    private const int Length = 11;

    private static readonly LanguageBlocks Blocks = new(32, Length, symbols: 4, seed: 1);

    private static TransformerConfig Config(bool isShifted, int blockSize) => new()
    {
        LayerCount = 2, HeadCount = 2, EmbeddingSize = 16, FeedForwardSize = 24, VocabularySize = 12, ContextLength = Length,
        AttentionBlockSize = blockSize, ShiftsLogits = isShifted,
    };

    private static TokenBatch Batch(int rows = 6)
    {
        var batch = new TokenBatch(rows, Length, rows, seed: 5, RandomPurpose.Mask);
        for (int i = 0; i < rows; i++)
            batch.Add(Blocks, i, (ulong)i);
        return batch;
    }

    private static TransformerNetwork Network(bool torchOperators = false, bool isShifted = false, int blockSize = 4)
    {
        var network = new TransformerNetwork(Config(isShifted, blockSize), torch.CPU, torchOperators: torchOperators);
        network.Initialize(1);
        return network;
    }

    private static Dictionary<string, float[]> Gradients(TransformerNetwork network) =>
        network.Parameters.ToDictionary(item => item.Key, item => TensorMemory.FloatSpan(item.Value.grad!).ToArray());

    // The weighted losses of all masked tokens of the noised rows, block by block.
    private static torch.Tensor BlockByBlock(TransformerNetwork network, NoisyBatch noisy)
    {
        int size = network.Config.AttentionBlockSize!.Value;
        var sum = torch.zeros([], torch.ScalarType.Float32);
        for (int row = 0; row < noisy.Count; row++)
        {
            long[] own = noisy.Tokens[(row * 2 * Length)..((row + 1) * 2 * Length)];
            for (int start = 0; start < Length; start += size)
            {
                int end = Math.Min(Length, start + size), first = row * 2 * Length + Length;
                int[] masked = [.. Enumerable.Range(0, noisy.Targets.Length).Where(
                    i => noisy.MaskedPositions[i] >= first + start && noisy.MaskedPositions[i] < first + end)];
                if (masked.Length == 0)
                    continue;
                long[] tokens = [.. own[..start], .. own[(Length + start)..(Length + end)]];
                long[] places = [.. masked.Select(i => noisy.MaskedPositions[i] - first)];
                torch.Tensor losses = network.CrossEntropy(
                    network.HiddenAt(new TokenRows(tokens, tokens.Length), places), [.. masked.Select(i => noisy.Targets[i])]);
                sum = sum.Plus((losses * torch.tensor(masked.Select(i => noisy.Weights![i]).ToArray())).sum());
            }
        }
        return sum;
    }

    [TestMethod]
    [DataRow(false, false, 4)]
    [DataRow(false, true, 4)]
    [DataRow(true, false, 4)]
    [DataRow(true, true, 4)]
    [DataRow(false, false, 1)]
    [DataRow(false, true, 1)]
    [DataRow(false, false, 11)]
    [DataRow(false, true, 40)]
    public void OnePassLearnsWhatAPassForEachBlockDoes(bool torchOperators, bool isShifted, int blockSize)
    {
        using var scope = torch.NewDisposeScope();
        using TransformerNetwork network = Network(torchOperators, isShifted, blockSize);
        TokenBatch batch = Batch();
        var objective = new BlockDiffusionObjective(network.Config);
        int[] rows = [.. Enumerable.Range(0, batch.Count)];
        NoisyBatch noisy = objective.Corrupt(batch, rows, NoiseLevels.Independent, LossWeighting.InverseNoiseLevel, dropsPrompts: false);

        torch.Tensor expected = BlockByBlock(network, noisy).Over(batch.Count * Length);
        network.Backward(expected);
        Dictionary<string, float[]> expectedGradients = Gradients(network);
        network.ZeroGradients();
        torch.Tensor loss = objective.Loss(network, batch);
        network.Backward(loss);
        // 32-bit sums in another order.
        Assert.AreEqual(expected.ToDouble(), loss.ToDouble(), 1e-5 * expected.ToDouble());
        foreach ((string name, float[] gradient) in Gradients(network))
        {
            float largest = expectedGradients[name].Max(Math.Abs);
            for (int i = 0; i < gradient.Length; i++)
                Assert.AreEqual(expectedGradients[name][i], gradient[i], 2e-5f * largest + 1e-7f, name);
        }
        Assert.IsNull(network.Attention);

        network.ActivationCheckpointing = true;
        network.ZeroGradients();
        network.Backward(objective.Loss(network, batch));
        foreach ((string name, float[] gradient) in Gradients(network))
        {
            float largest = expectedGradients[name].Max(Math.Abs);
            for (int i = 0; i < gradient.Length; i++)
                Assert.AreEqual(expectedGradients[name][i], gradient[i], 2e-5f * largest + 1e-7f, name);
        }
    }

    [TestMethod]
    public void WithBlocksAsLongAsTheRowItIsMaskedDiffusion()
    {
        using var scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        using TransformerNetwork network = Network();
        TokenBatch batch = Batch();
        using TransformerNetwork whole = network.WithAttentionBlocks(Length), full = network.WithAttentionBlocks(null);
        double[] expected = new DiffusionObjective(full.Config).RowLosses(full, batch);
        double[] actual = new BlockDiffusionObjective(whole.Config).RowLosses(whole, batch);
        for (int row = 0; row < expected.Length; row++)
            Assert.AreEqual(expected[row], actual[row], 1e-5 * expected[row]);
    }

    [TestMethod]
    public void WeightsAreOneOverTheProbabilityOrOne()
    {
        using TransformerNetwork network = Network();
        TokenBatch batch = Batch();
        var objective = new BlockDiffusionObjective(network.Config);
        NoisyBatch noisy = objective.Corrupt(batch, [0, 3], NoiseLevels.Independent, LossWeighting.InverseNoiseLevel, false);
        NoisyBatch uniform = objective.Corrupt(batch, [0, 3], NoiseLevels.Independent, LossWeighting.Uniform, false);
        CollectionAssert.AreEqual(noisy.Tokens, uniform.Tokens);
        Assert.IsTrue(uniform.Weights!.All(weight => weight == 1));
        float[][] levels = [.. new[] { 0, 3 }.Select(row => NoiseDraws.Levels(
            batch, row, 3, NoiseLevels.Independent, batch.RandomOf(row)))];
        for (int i = 0; i < noisy.Targets.Length; i++)
        {
            int row = noisy.RowOf(i), position = (int)(noisy.MaskedPositions[i] % noisy.Length) - Length;
            Assert.AreEqual(1 / (0.999 * levels[row][position / 4] + 0.001), noisy.Weights![i], 1e-4 * noisy.Weights[i]);
            Assert.AreEqual(batch.Row(row == 0 ? 0 : 3)[position], noisy.Targets[i]);
            Assert.AreEqual(network.Config.MaskTokenId, noisy.Tokens[noisy.MaskedPositions[i]]);
        }
    }

    [TestMethod]
    public void StratifiedLevelsAreACombOverAllBlocksOfAStep()
    {
        TokenBatch batch = Batch(4);
        const int BlockCount = 3;
        double[] all = [.. Enumerable.Range(0, 4).SelectMany(row => NoiseDraws.Levels(
            batch, row, BlockCount, NoiseLevels.Stratified, batch.RandomOf(row))).Select(level => (double)level).Order()];
        for (int i = 1; i < all.Length; i++)
            Assert.AreEqual(1.0 / 12, all[i] - all[i - 1], 1e-6);
        // Those of a row are a third apart.
        for (int row = 0; row < 4; row++)
        {
            double[] own = [.. NoiseDraws.Levels(batch, row, BlockCount, NoiseLevels.Stratified, batch.RandomOf(row))
                .Select(level => (double)level).Order()];
            Assert.AreEqual(1.0 / 3, own[1] - own[0], 1e-6);
            Assert.AreEqual(1.0 / 3, own[2] - own[1], 1e-6);
        }
    }

    [TestMethod]
    public void APromptIsSeenCleanAndNotLearned()
    {
        using TransformerNetwork network = Network();
        var rows = new RowBlocks(12, endOfSequenceId: 11, RowPadding.None, maxLength: 8);
        rows.Add([1, 2, 3], [4, 5, 6, 7, 8]);
        rows.Add([2, 3], [4, 5, 6, 7]);
        var batch = new TokenBatch(2, 8, 2, seed: 1, RandomPurpose.Mask);
        batch.Add(rows, 0, 0);
        batch.Add(rows, 1, 1);
        var objective = new BlockDiffusionObjective(network.Config, guidanceDropout: 1);
        for (int row = 0; row < 2; row++)
        {
            int length = batch.RowLength(row), prompt = batch.PromptLength(row);
            NoisyBatch noisy = objective.Corrupt(batch, [row], NoiseLevels.Independent, LossWeighting.InverseNoiseLevel, false);
            CollectionAssert.AreEqual(noisy.Tokens[..prompt], noisy.Tokens[length..(length + prompt)]);
            Assert.IsTrue(noisy.MaskedPositions.All(place => place >= length + prompt));
            NoisyBatch dropped = objective.Corrupt(batch, [row], NoiseLevels.Independent, LossWeighting.InverseNoiseLevel, true);
            foreach (int half in new[] { 0, length })
                Assert.IsTrue(dropped.Tokens[half..(half + prompt)].All(id => id == network.Config.MaskTokenId));
            CollectionAssert.AreEqual(noisy.Targets, dropped.Targets);
        }
        using var scope = torch.NewDisposeScope();
        // Rows of two lengths are two passes with a pattern each, and one backward pass.
        torch.Tensor loss = new BlockDiffusionObjective(network.Config).Loss(network, batch);
        network.Backward(loss);
        Assert.IsTrue(double.IsFinite(loss.ToDouble()));
    }
}

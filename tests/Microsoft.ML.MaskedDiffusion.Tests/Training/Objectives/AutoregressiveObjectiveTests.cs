using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class AutoregressiveObjectiveTests
{
    /// <summary>Given rows of token ids.</summary>
    private sealed class RowBlocks(long[] tokens, int length) : ITokenBlocks
    {
        public int Count => tokens.Length / length;

        public int Length => length;

        public long TokenCount => tokens.Length;

        public void Read(int index, Span<long> destination) => tokens.AsSpan(index * length, length).CopyTo(destination);
    }

    [TestMethod]
    public void ABlockHasOneIdMoreThanTheContext()
    {
        var objective = new AutoregressiveObjective();
        Assert.AreEqual((65, 1), (objective.BlockLength(64), objective.SourceOnlyIds));
    }

    [TestMethod]
    public void LossesAreThoseOfThePlainComputation()
    {
        TransformerConfig config = new()
        {
            LayerCount = 1,
            HeadCount = 2,
            EmbeddingSize = 16,
            FeedForwardSize = 24,
            VocabularySize = 12,
            ContextLength = 8,
            Autoregressive = true,
        };
        using var scope = torch.NewDisposeScope();
        using var network = new TransformerNetwork(config, torch.CPU);
        network.Initialize(1);
        var random = new Random(4);
        long[] tokens = [.. Enumerable.Range(0, 5 * 9).Select(_ => (long)random.Next(12))];
        TokenBatch batch = Batch(tokens, 9);

        // The last id has no logits to be predicted from it: the network sees all but that.
        long[] seen = [.. tokens.Where((_, i) => i % 9 != 8)], targets = [.. tokens.Where((_, i) => i % 9 != 0)];
        torch.Tensor logits = network.Forward(new TokenRows(seen, 8));
        torch.Tensor expected = torch.nn.functional.log_softmax(logits, -1).gather(2, torch.tensor(targets, [5, 8]).unsqueeze(2)).neg();
        var objective = new AutoregressiveObjective();
        double[] rows = objective.RowLosses(network, batch);
        float[] each = TensorMemory.FloatSpan(expected.contiguous()).ToArray();
        // Sums of floats in another order.
        for (int row = 0; row < 5; row++)
            Assert.AreEqual(each.Skip(8 * row).Take(8).Average(), rows[row], 1e-6);
        Assert.AreEqual(each.Average(), objective.Loss(network, batch).ToDouble(), 1e-6);
    }

    [TestMethod]
    public void RowLossesAreTheCrossEntropyOfTheReferencesLogits()
    {
        using var scope = torch.NewDisposeScope();
        using SafetensorsReader file = Golden.Open("rope_bf16", "forward.safetensors");
        long[] tokens = file.ReadIntegers("arm_tokens");
        float[] logits = file.ReadSingles("arm_logits");
        using var network = new TransformerNetwork(Golden.TinyConfig(RotaryPrecision.BFloat16, autoregressive: true), torch.CPU);
        StoredWeights.Load(Golden.PathOf("tiny_arm.safetensors"), network);
        double[] rows = new AutoregressiveObjective().RowLosses(network, Batch(tokens, 64));
        // The compact set holds one row, the full set four.
        Assert.HasCount(tokens.Length / 64, rows);
        for (int row = 0; row < rows.Length; row++)
        {
            double sum = 0;
            for (int i = 0; i < 63; i++)
            {
                double[] at = [.. logits.Skip((row * 64 + i) * 97).Take(97).Select(value => (double)value)];
                sum += Math.Log(at.Sum(Math.Exp)) - at[tokens[row * 64 + i + 1]];
            }
            // Logits agree to 1.3e-5; the mean of 63 is closer.
            Assert.AreEqual(sum / 63, rows[row], 1.3e-5);
        }
    }

    private static TokenBatch Batch(long[] tokens, int length)
    {
        var blocks = new RowBlocks(tokens, length);
        var batch = new TokenBatch(blocks.Count, length, blocks.Count, 1, RandomPurpose.Mask);
        for (int i = 0; i < blocks.Count; i++)
            batch.Add(blocks, i, (ulong)i);
        return batch;
    }
}

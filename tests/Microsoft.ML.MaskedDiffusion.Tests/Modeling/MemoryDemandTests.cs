using Microsoft.ML.MaskedDiffusion.Modeling;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class MemoryDemandTests
{
    [TestMethod]
    public void ANetworkLargerThanTheMachineIsNamedWithItsSizeAndTheMachines()
    {
        TransformerConfig config = TransformerConfig.FromPreset("1028M");
        string message = Assert.ThrowsExactly<InsufficientMemoryException>(
            () => MemoryDemand.Require(config, 20.0 * config.ParameterCount, "Training", null, 8L << 30)).Message;
        StringAssert.Contains(message, "1,142,367,744 parameters");
        Assert.AreEqual(1_142_367_744, config.ParameterCount);
        StringAssert.Contains(message, "21.3 GiB");
        Assert.AreEqual(21.3, config.ParameterCount * 20.0 / (1 << 30), 0.05, "a tenth of a GiB is shown");
        StringAssert.Contains(message, "8.0 GiB");
        StringAssert.Contains(message, "EmbeddingSize");
        Assert.AreEqual(20, MemoryDemand.TrainingBytes(true, false, 1));
        // With averages a validation holds the weights that these take the place of, and the best ones are taken meanwhile.
        Assert.AreEqual(28, MemoryDemand.TrainingBytes(true, true, 1));
        Assert.AreEqual(28, MemoryDemand.TrainingBytes(false, true, 4));
        MemoryDemand.Require(config, MemoryDemand.WeightBytes(config, torch.ScalarType.Float32), "Holding", null, 8L << 30);
    }

    [TestMethod]
    [DynamicData(nameof(NetworkShapes.Rows), typeof(NetworkShapes))]
    public void BytesAreThoseOfTheParameters(int shape, string name)
    {
        TransformerConfig config = NetworkShapes.All[shape];
        foreach (torch.ScalarType type in new[]
            { torch.ScalarType.Float32, torch.ScalarType.BFloat16, torch.ScalarType.Float64, torch.ScalarType.Int8 })
        {
            using var network = new TransformerNetwork(config, torch.CPU, type);
            Assert.AreEqual(
                network.Parameters.Values.Concat(network.Scales.Values).Sum(values => values.NumberOfElements * values.ElementSize),
                MemoryDemand.WeightBytes(config, type), $"{name}, {type}");
            if (type != torch.ScalarType.Float32)
                Assert.AreEqual(MemoryDemand.WeightBytes(config, type), MemoryDemand.SessionBytes(config, type), $"{name}, {type}");
        }
        foreach (WeightType type in new[] { WeightType.Float32, WeightType.BFloat16, WeightType.Int8 })
            Assert.AreEqual(MemoryDemand.WeightBytes(config, WeightTypes.ScalarOf(type)), config.WeightBytes(type), $"{name}, {type}");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => config.WeightBytes(WeightType.Automatic)).Message, "Float32, BFloat16 and Int8");
    }

    [TestMethod]
    public void ANetworkThatFitsInFewerBitsIsToldSo()
    {
        TransformerConfig config = TransformerConfig.FromPreset("1028M");
        double bytes = MemoryDemand.SessionBytes(config, torch.ScalarType.Float32);
        Assert.AreEqual((8.0 * config.ParameterCount) - (4.0 * config.EmbeddingRowCount * config.EmbeddingSize), bytes);
        TransformerConfig tied = config with { TiesEmbeddings = true };
        Assert.AreEqual(8.0 * tied.ParameterCount, MemoryDemand.SessionBytes(tied, torch.ScalarType.Float32));
        string message = Assert.ThrowsExactly<InsufficientMemoryException>(() => MemoryDemand.Require(
            config, bytes, "Holding", MemoryDemand.Remedy(config, torch.ScalarType.Float32), 3L << 30)).Message;
        StringAssert.Contains(
            message, "load it with WeightType.BFloat16, which takes 2.1 GiB, or with WeightType.Int8, which takes 1.1 GiB. ");
        MemoryDemand.Require(config, MemoryDemand.SessionBytes(config, torch.ScalarType.BFloat16), "Holding", null, 3L << 30);
        Assert.AreEqual("If it is only to compute, load it with WeightType.Int8, which takes 1.1 GiB. ",
            MemoryDemand.Remedy(config, torch.ScalarType.BFloat16));
        Assert.IsNull(MemoryDemand.Remedy(config, torch.ScalarType.Int8));
    }

    [TestMethod]
    public void NothingIsAllocatedForIt()
    {
        var config = new TransformerConfig { LayerCount = 1024, HeadCount = 64, EmbeddingSize = 16384, FeedForwardSize = 65536 };
        var ml = new MLContext(1);
        IDataView data = ml.Data.LoadFromEnumerable(TextRow.Make("the cat sat", "a small bird"));
        var options = new TrainerOptions
        {
            Network = config with { ContextLength = 8 },
            Tokenizer = TokenizerSource.TrainBytePairEncoding(258),
            Device = "cpu",
        };
        Assert.ThrowsExactly<InsufficientMemoryException>(() => new MaskedDiffusionTrainer(ml, options).Fit(data));
    }
}

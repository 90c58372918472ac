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
        StringAssert.Contains(message, $"{config.ParameterCount:N0} parameters");
        StringAssert.Contains(message, $"{config.ParameterCount * 20.0 / (1 << 30):0.0} GiB");
        StringAssert.Contains(message, "8.0 GiB");
        StringAssert.Contains(message, "EmbeddingSize");
        Assert.AreEqual(20, MemoryDemand.TrainingBytes(true, false));
        MemoryDemand.Require(config, MemoryDemand.WeightBytes(config, torch.ScalarType.Float32), "Holding", null, 8L << 30);
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

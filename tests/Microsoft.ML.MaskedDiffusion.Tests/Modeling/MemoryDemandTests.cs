using Microsoft.ML.MaskedDiffusion.Modeling;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class MemoryDemandTests
{
    [TestMethod]
    public void ANetworkLargerThanTheMachineIsNamedWithItsSizeAndTheMachines()
    {
        TransformerConfig config = TransformerConfig.FromPreset("1028M");
        string message = Assert.ThrowsExactly<InsufficientMemoryException>(
            () => MemoryDemand.Require(config, MemoryDemand.TrainingBytes(true, false), "Training", 8L << 30)).Message;
        StringAssert.Contains(message, $"{config.ParameterCount:N0} parameters");
        StringAssert.Contains(message, $"{config.ParameterCount * 20.0 / (1 << 30):0.0} GiB");
        StringAssert.Contains(message, "8.0 GiB");
        StringAssert.Contains(message, "EmbeddingSize");
        MemoryDemand.Require(config, MemoryDemand.ComputingBytes, "Holding", 8L << 30);
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

using Microsoft.ML.MaskedDiffusion.Modeling;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Weights that go to a network with a larger vocabulary, whose further ids keep theirs.</summary>
[TestClass]
public sealed class VocabularyGrowthTests
{
    private static readonly TransformerConfig Config = TransformerNetworkTests.Small with { HasPredictionHead = true };

    [TestMethod]
    [DataRow(false, 19, 21)]
    [DataRow(true, 19, 21)]
    [DataRow(false, 5, 5)]
    [DataRow(true, 5, 5)]
    [DataRow(true, 5, 21)]
    public void KnownIdsAndTheMaskTokenTakeTheWeightsOver(bool tied, int mask, int newMask)
    {
        using var scope = NewDisposeScope();
        TransformerConfig config = Config with { TiesEmbeddings = tied };
        using TransformerNetwork old = new(config with { MaskTokenId = mask }, CPU);
        using TransformerNetwork grown = new(config with { VocabularySize = 21, MaskTokenId = newMask }, CPU);
        using TransformerNetwork before = new(grown.Config, CPU);
        old.Initialize(1);
        grown.Initialize(2);
        before.Initialize(2);
        foreach (TransformerNetwork network in new[] { old, grown, before })
        {
            using IDisposable noGradient = no_grad();
            network.Parameters[TransformerNetwork.HeadBiasName].copy_(rand(network.Config.VocabularySize, generator: new Generator(4)));
        }
        grown.CopyFrom(old);
        foreach ((string name, Parameter parameter) in grown.Parameters)
        {
            bool byId = name is TransformerNetwork.HeadName or TransformerNetwork.HeadBiasName or TransformerNetwork.EmbeddingName;
            if (!byId)
            {
                AssertSame(old.Parameters[name], parameter, name);
                continue;
            }
            for (int id = 0; id < parameter.size(0); id++)
            {
                bool isMask = name == TransformerNetwork.EmbeddingName && id == newMask;
                Tensor expected = isMask ? old.Parameters[name][mask] : id < 19 ? old.Parameters[name][id] : before.Parameters[name][id];
                AssertSame(expected, parameter[id], $"{name}, id {id}");
            }
        }
    }

    private static void AssertSame(Tensor expected, Tensor actual, string what) =>
        Assert.AreEqual(0f, (expected - actual).abs().max().item<float>(), what);
}

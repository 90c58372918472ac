using Microsoft.ML.MaskedDiffusion.Modeling;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Networks in which the output of a place predicts the next one.</summary>
[TestClass]
public sealed class ShiftedLogitsTests
{
    private const int Length = 7;

    private static readonly TransformerConfig Config = TransformerNetworkTests.Small with { ShiftsLogits = true, MaskTokenId = 4 };

    // For each place of two rows, the place whose state it has.
    private static readonly long[] Sources = [0, 0, 1, 2, 3, 4, 5, 7, 7, 8, 9, 10, 11, 12];

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void EachPlaceHasTheStateOfTheOneBeforeIt(bool torchOperators)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using TransformerNetwork network = Shifted(torchOperators), own = Unshifted(torchOperators);
        TokenRows tokens = NetworkShapes.Tokens(Config, 2, Length);
        Tensor expected = own.Hidden(tokens).view(-1, Config.EmbeddingSize).index_select(0, tensor(Sources));
        AssertSame(expected, network.Hidden(tokens).view(-1, Config.EmbeddingSize));
        long[] every = [.. Enumerable.Range(0, 14).Select(i => (long)i)];
        foreach (long[] places in new long[][] { [0], [1], [0, 1], [1, 2, 5], [6, 7, 8, 9], every })
        {
            Tensor asked = network.HiddenAt(tokens, places);
            AssertSame(expected.index_select(0, tensor(places)), asked, torchOperators ? 1e-5 : 0);
        }
        // A row of one token is predicted by its own output.
        TokenRows one = NetworkShapes.Tokens(Config, 3, 1);
        AssertSame(own.Hidden(one), network.Hidden(one));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void AStateThatIsReadTwiceGetsBothGradients(bool torchOperators)
    {
        using var scope = NewDisposeScope();
        using TransformerNetwork network = Shifted(torchOperators), own = Unshifted(torchOperators);
        TokenRows tokens = NetworkShapes.Tokens(Config, 2, Length);
        long[] places = [0, 1, 4, 7, 8], targets = [3, 1, 2, 5, 0];
        network.Backward(network.CrossEntropy(network.HiddenAt(tokens, places), targets).sum());
        Tensor sources = tensor(Array.ConvertAll(places, place => Sources[place]));
        Tensor states = own.Hidden(tokens).view(-1, Config.EmbeddingSize).index_select(0, sources);
        own.Backward(own.CrossEntropy(states, targets).sum());
        foreach ((string name, var parameter) in own.Parameters)
        {
            Tensor expected = parameter.grad!;
            // 32-bit sums in another order.
            Limit.AtMost(
                1e-5 * expected.abs().max().item<float>(), (expected - network.Parameters[name].grad!).abs().max().item<float>(), name);
        }
    }

    [TestMethod]
    public void ANetworkThatIsMadeCausalPredictsTheNextToken()
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using TransformerNetwork network = Shifted(torchOperators: false), own = Unshifted(torchOperators: false);
        TokenRows tokens = NetworkShapes.Tokens(Config, 2, Length);
        network.Attention = own.Attention = AttentionPattern.Causal;
        AssertSame(own.Hidden(tokens), network.Hidden(tokens));
        AssertSame(own.HiddenAt(tokens, [0, 3]), network.HiddenAt(tokens, [0, 3]));
    }

    private static TransformerNetwork Shifted(bool torchOperators) => Create(Config, torchOperators);

    private static TransformerNetwork Unshifted(bool torchOperators) => Create(Config with { ShiftsLogits = false }, torchOperators);

    private static TransformerNetwork Create(TransformerConfig config, bool torchOperators)
    {
        var network = new TransformerNetwork(config, CPU, torchOperators: torchOperators);
        network.Initialize(3);
        return network;
    }

    private static void AssertSame(Tensor expected, Tensor actual, double tolerance = 0)
    {
        CollectionAssert.AreEqual(expected.shape, actual.shape);
        Limit.AtMost(tolerance, (expected - actual).abs().max().item<float>());
    }
}

using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// The gradients of a training step from the tiny networks of published architectures, against differences of the loss of the same network
/// in 64 bits.
/// </summary>
[TestClass]
public sealed class PublishedGradientTests
{
    // Central differences of a double: an error of about step^2, and of 1e-16 / step.
    private const double Step = 1e-5;

    [TestMethod]
    [DataRow("llada", false)]
    [DataRow("dream", false)]
    [DataRow("a2d-qwen2", false)]
    [DataRow("a2d-qwen3", false)]
    [DataRow("a2d-llama", false)]
    [DataRow("modernbert", false)]
    [DataRow("dream", true)]
    [DataRow("a2d-qwen3", true)]
    public void AStepHasTheSlopesOfTheLoss(string family, bool torchOperators)
    {
        using var scope = NewDisposeScope();
        using TransformerNetwork network = PublishedNetwork.Load(family, torchOperators: torchOperators);
        using TransformerNetwork exact = PublishedNetwork.Load(family, ScalarType.Float64);
        TransformerConfig config = network.Config;
        const int Length = 12;
        long[] text = [.. Enumerable.Range(0, 2 * Length).Select(i => (long)(i * 37 % 100))];
        long[] places = [1, 4, 5, 11, 12, 17, 20], seen = [.. text];
        foreach (long place in places)
            seen[place] = config.MaskTokenId;
        var tokens = new TokenRows(seen, Length);
        long[] targets = [.. places.Select(place => text[place])];
        network.Backward(Loss(network));
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in network.Parameters)
        {
            float[] gradient = parameter.grad!.flatten().data<float>().ToArray();
            double largest = gradient.Max(value => Math.Abs((double)value));
            Tensor weights = exact.Parameters[name].detach().view(-1);
            // The largest slope, and some others.
            int[] asked = [Array.FindIndex(gradient, value => Math.Abs(value) == largest), gradient.Length / 3, gradient.Length - 1];
            foreach (int at in asked)
            {
                double slope = Slope(weights, at);
                // 32-bit sums, of which a small gradient may be the difference.
                Assert.AreEqual(slope, gradient[at], 2e-4 * Math.Abs(slope) + 2e-5 * largest + 1e-6, $"{family}: {name} at {at}");
            }
        }

        Tensor Loss(TransformerNetwork of) => of.CrossEntropy(of.HiddenAt(tokens, places), targets).sum();

        double Slope(Tensor weights, int at)
        {
            using var inner = NewDisposeScope();
            using IDisposable noGradient = no_grad();
            double own = weights[at].item<double>();
            weights[at].Set(own + Step);
            double high = Loss(exact).item<double>();
            weights[at].Set(own - Step);
            double low = Loss(exact).item<double>();
            weights[at].Set(own);
            return (high - low) / (2 * Step);
        }
    }
}

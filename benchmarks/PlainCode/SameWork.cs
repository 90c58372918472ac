using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Modeling;
using TorchSharp;
using TorchSharp.Modules;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.PlainCode;

/// <summary>Checks that the library and the plain code compute the same function: a comparison of speed says nothing without.</summary>
internal static class SameWork
{
    /// <summary>Compares logits.</summary>
    /// <exception cref="InvalidOperationException">They differ by more than rounding.</exception>
    public static void RequireEqualLogits(TransformerNetwork network, PlainNetwork plain)
    {
        using var scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        int count = Math.Min(24, network.Config.VocabularySize) / 2 * 2;
        long[] ids = [.. Enumerable.Range(0, count).Select(id => (long)id)];
        long[] places = [.. ids];
        torch.Tensor states = network.HiddenAt(new TokenRows(ids, count / 2), places);
        double apart = (network.Logits(states) - plain.LogitsAt(ids, count / 2, places)).abs().max().ToDouble();
        Require(apart < 1e-3 * Scale(network.Logits(states)), $"The plain code's logits differ from ours by {apart}.");
    }

    /// <summary>Compares loss and all gradients of one batch.</summary>
    /// <exception cref="InvalidOperationException">They differ by more than the tolerance, as a share of the largest number.</exception>
    public static void RequireEqualGradients(ITrainingSteps ours, ITrainingSteps plain, NoisyBatch batch, double tolerance = 1e-3)
    {
        ours.Gradients(batch);
        plain.Gradients(batch);
        Require(Math.Abs(ours.LastLoss - plain.LastLoss) < tolerance * Math.Abs(ours.LastLoss),
            $"The loss is {ours.LastLoss}, the plain code's {plain.LastLoss}.");
        foreach ((string name, Parameter weight) in ours.Weights)
        {
            using var scope = torch.NewDisposeScope();
            torch.Tensor expected = weight.grad!;
            double apart = (expected - plain.Weights[name].grad!).abs().max().ToDouble();
            Require(apart <= tolerance * Scale(expected), $"The gradient of {name} differs from the plain code's by {apart}.");
        }
    }

    /// <summary>Compares the losses after some steps, which rounding drives apart slowly.</summary>
    /// <exception cref="InvalidOperationException">They differ by more than a fiftieth.</exception>
    public static void RequireEqualLosses(ITrainingSteps ours, ITrainingSteps plain) =>
        Require(Math.Abs(ours.LastLoss - plain.LastLoss) < 0.02 * Math.Abs(ours.LastLoss),
            $"After the same steps the loss is {ours.LastLoss}, the plain code's {plain.LastLoss}.");

    private static double Scale(torch.Tensor values) => Math.Max(1e-12, values.abs().max().ToDouble());

    private static void Require(bool equal, string message)
    {
        if (!equal)
            throw new InvalidOperationException(message + " The two do not compute the same, so their speeds cannot be compared.");
    }
}

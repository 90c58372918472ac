using Microsoft.ML.MaskedDiffusion.Benchmarks.Speed;
using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Optimizers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Devices;

/// <summary>
/// Holds what a device computes against this library's kernels on the processor, from the same weights: logits, loss, all gradients, one
/// step of the optimizer from equal gradients, and texts. On the processor itself it is torch's operators that are held against the
/// kernels.
/// </summary>
internal sealed class DeviceParity : IDisposable
{
    private const int Length = 64;
    private const int Tokens = 24;

    private readonly TransformerNetwork _expected;
    private readonly TransformerNetwork _network;
    private readonly bool _rounded;

    /// <param name="place">The device.</param>
    /// <param name="precision">The arithmetic of both networks.</param>
    public DeviceParity(torch.Device place, Precision precision)
    {
        TransformerConfig config = TransformerConfig.FromPreset("6M") with { VocabularySize = 2000, ContextLength = 2 * Length };
        _rounded = precision == Precision.BFloat16Mixed;
        _expected = new TransformerNetwork(config, CPU);
        _expected.Initialize(1);
        using (IDisposable noGradient = no_grad())
        {
            // A sure network: greedy texts then do not hang on the last bit.
            _expected.Parameters[TransformerNetwork.HeadName].Scale(20);
        }
        _network = new TransformerNetwork(config, place, torchOperators: place.type == DeviceType.CPU);
        _network.CopyFrom(_expected);
        (_expected.Precision, _network.Precision) = (precision, precision);
    }

    /// <summary>All figures, each with the largest difference that passes, as a share of the largest number.</summary>
    public IEnumerable<ParityFigure> Compare()
    {
        NoisyBatch batch = new TrainingData(_expected.Config, 2, Length).Batch(0);
        yield return Logits(batch);
        yield return Loss(batch);
        yield return Gradients();
        yield return Optimizer();
        yield return Texts();
    }

    public void Dispose()
    {
        _expected.Dispose();
        _network.Dispose();
    }

    private static Tensor Here(Tensor values) => values.detach().to(CPU).to(ScalarType.Float64);

    private ParityFigure Logits(NoisyBatch batch)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        var rows = new TokenRows(batch.Tokens, Length);
        Tensor expected = _expected.Logits(_expected.Hidden(rows)), actual = _network.Logits(_network.Hidden(rows));
        return ParityFigure.Of("logits", Here(expected), Here(actual), _rounded ? 5e-2 : 1e-4);
    }

    private ParityFigure Loss(NoisyBatch batch)
    {
        using var scope = NewDisposeScope();
        var objective = new MaskedDiffusionObjective();
        Tensor expected = objective.Loss(_expected, batch), loss = objective.Loss(_network, batch);
        _expected.Backward(expected);
        _network.Backward(loss);
        return ParityFigure.Of("loss", Here(expected), Here(loss), _rounded ? 2e-2 : 1e-5);
    }

    // The gradient of each weight is held against its own largest number; the worst of them counts.
    private ParityFigure Gradients()
    {
        using var scope = NewDisposeScope();
        ParityFigure worst = default;
        foreach ((string name, Parameter expected) in _expected.Parameters)
        {
            double tolerance = _rounded ? 1e-1 : 1e-3;
            Tensor found = Here(_network.Parameters[name].grad!);
            ParityFigure figure = ParityFigure.Of("gradients, worst: " + name, Here(expected.grad!), found, tolerance);
            if (worst.Name is null || !(figure.Relative <= worst.Relative))
                worst = figure;
        }
        return worst;
    }

    // AdamW's first step is hardly more than the gradient's sign, so both get the processor's gradients.
    private ParityFigure Optimizer()
    {
        using var scope = NewDisposeScope();
        var settings = new TrainingSettings { LearningRate = 1e-3 };
        using var host = new HostAdamW(_expected.Parameters, settings);
        using var device = new DeviceAdamW(_network.Parameters, settings);
        Tensor before = Here(_expected.Parameters[TransformerNetwork.EmbeddingName].clone());
        foreach ((string name, Parameter expected) in _expected.Parameters)
            _network.Parameters[name].grad = expected.grad!.to(_network.Device, copy: true);
        foreach (AdamWOptimizer optimizer in new AdamWOptimizer[] { host, device })
        {
            optimizer.PrepareGradients();
            optimizer.Step(settings.LearningRate);
        }
        Tensor Moved(TransformerNetwork network) => Here(network.Parameters[TransformerNetwork.EmbeddingName]) - before;
        return ParityFigure.Of("optimizer step of the embedding", Moved(_expected), Moved(_network), 1e-3);
    }

    // Tokens chosen greedily: those that differ, as a share.
    private ParityFigure Texts()
    {
        _network.CopyFrom(_expected);
        var sampling = new SamplingOptions { Order = SamplingOrder.LeftToRight, Temperature = 0 };
        string[] Write(TransformerNetwork network)
        {
            using INetworkSession session = network.OpenSession();
            return [.. BenchmarkTexts.Write(session, network.Config, sampling, 2, 16, Tokens).SelectMany(text => text.Text.Split(' '))];
        }
        string[] expected = Write(_expected), found = Write(_network);
        double differ = expected.Zip(found, (one, other) => one == other ? 0.0 : 1).Sum();
        return new ParityFigure("greedy tokens that differ", differ, differ / expected.Length, _rounded ? 0.5 : 0);
    }
}

/// <summary>One figure of a comparison.</summary>
/// <param name="Name">What is compared.</param>
/// <param name="Absolute">The largest difference.</param>
/// <param name="Relative">The same as a share of the largest number.</param>
/// <param name="Tolerance">The largest share that passes.</param>
internal readonly record struct ParityFigure(string Name, double Absolute, double Relative, double Tolerance)
{
    public bool Passes => Relative <= Tolerance;

    public static ParityFigure Of(string name, Tensor expected, Tensor found, double tolerance)
    {
        double apart = (expected - found).abs().max().item<double>();
        return new ParityFigure(name, apart, apart / Math.Max(1e-30, expected.abs().max().item<double>()), tolerance);
    }
}

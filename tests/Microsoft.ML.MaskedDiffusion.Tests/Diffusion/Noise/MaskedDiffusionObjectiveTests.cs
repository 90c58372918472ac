using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

[TestClass]
public sealed class MaskedDiffusionObjectiveTests
{
    private const int Length = 9;
    private static readonly TransformerConfig Small = TransformerNetworkTests.Small;

    private static NoisyBatch Noisy(NoiseLevels sampling = NoiseLevels.Stratified, bool[]? kept = null) => Noisy(5, 2, sampling, kept);

    // Rows of tokens, noised with draws of a stream that the seed names.
    private static NoisyBatch Noisy(int rows, ulong seed, NoiseLevels sampling, bool[]? kept = null)
    {
        long[] tokens = [.. Enumerable.Range(0, rows * Length).Select(i => (long)(i * 7 % Small.VocabularySize))];
        var random = new CounterRandom(1, seed, RandomPurpose.Mask);
        float[] levels = [.. Enumerable.Range(0, rows).Select(_ => random.NextSingle())];
        float[] uniforms = [.. tokens.Select(_ => random.NextSingle())];
        if (sampling == NoiseLevels.Stratified)
            ForwardProcess.Stratify(levels[0], levels);
        return new ForwardProcess(Small.MaskTokenId).Corrupt(tokens, Length, levels, uniforms, kept);
    }

    /// <summary>The loss by its definition: each row's weighted sum, in doubles.</summary>
    private static double[] Plain(TransformerNetwork network, NoisyBatch batch, bool weighted)
    {
        var reference = new ReferenceNetwork(Small,
            network.Parameters.ToDictionary(p => p.Key, p => p.Value.detach().to(ScalarType.Float64).data<double>().ToArray()));
        var sums = new double[batch.Count];
        for (int row = 0; row < batch.Count; row++)
        {
            double[][] logits = reference.Logits([.. batch.Tokens.AsSpan(row * Length, Length).ToArray().Select(id => (int)id)]);
            for (int i = 0; i < batch.Targets.Length; i++)
            {
                if (batch.RowOf(i) != row)
                    continue;
                double[] at = logits[batch.MaskedPositions[i] - row * Length];
                sums[row] += (Math.Log(at.Sum(Math.Exp)) - at[batch.Targets[i]]) / (weighted ? batch.Probabilities[row] : 1);
            }
        }
        return sums;
    }

    [TestMethod]
    [DataRow(LossWeighting.InverseNoiseLevel)]
    [DataRow(LossWeighting.Uniform)]
    public void TheLossIsThePlainDoubleLoop(LossWeighting weighting)
    {
        NoisyBatch batch = Noisy();
        var objective = new MaskedDiffusionObjective(weighting);
        // 64 bits: the rotary table stays 32-bit.
        foreach ((ScalarType type, double tolerance) in new[] { (ScalarType.Float32, 5e-6), (ScalarType.Float64, 1e-6) })
        {
            using var scope = NewDisposeScope();
            using TransformerNetwork network = TransformerNetworkTests.Sharp(Small, type);
            double[] sums = Plain(network, batch, weighting == LossWeighting.InverseNoiseLevel);
            double loss = objective.Loss(network, batch).to(ScalarType.Float64).item<double>();
            Assert.AreEqual(sums.Sum() / (5 * Length), loss, tolerance * loss);
            Assert.AreEqual(
                sums.Sum() / 17, objective.Loss(network, batch, divisor: 17).to(ScalarType.Float64).item<double>(), tolerance * sums.Sum());
            double[] rows = objective.RowLosses(network, batch);
            for (int row = 0; row < sums.Length; row++)
                Assert.AreEqual(sums[row] / Length, rows[row], tolerance * (1 + rows[row]));
            Assert.AreEqual(loss, rows.Average(), 1e-6 * loss);
        }
    }

    [TestMethod]
    public void KeptPositionsCarryNoLoss()
    {
        bool[] kept = [.. Enumerable.Range(0, 5 * Length).Select(i => i % Length < 4)];
        using var scope = NewDisposeScope();
        using TransformerNetwork network = TransformerNetworkTests.Sharp(Small, ScalarType.Float32);
        NoisyBatch batch = Noisy(kept: kept);
        Assert.IsTrue(batch.Targets.Length > 0 && batch.MaskedPositions.All(position => position % Length >= 4));
        double expected = Plain(network, batch, weighted: true).Sum() / 25;
        Assert.AreEqual(expected, new MaskedDiffusionObjective().Loss(network, batch, divisor: 25).item<float>(), 5e-6 * expected);
    }

    [TestMethod]
    public void ABatchWithoutMasksHasAZeroLossAndZeroGradients()
    {
        using var scope = NewDisposeScope();
        using TransformerNetwork network = TransformerNetworkTests.Sharp(Small, ScalarType.Float32);
        NoisyBatch batch = new ForwardProcess(Small.MaskTokenId).Corrupt([1, 2, 3], 3, [0.5f], [0.9f, 0.9f, 0.9f]);
        Tensor loss = new MaskedDiffusionObjective().Loss(network, batch);
        Assert.AreEqual(0, loss.item<float>());
        loss.backward();
        Assert.IsTrue(network.Parameters.Values.All(p => p.grad is null || p.grad.abs().max().item<float>() == 0));
        CollectionAssert.AreEqual(new double[1], new MaskedDiffusionObjective().RowLosses(network, batch));
    }

    [TestMethod]
    public void GradientsAreFiniteDifferences()
    {
        NoisyBatch batch = Noisy();
        var objective = new MaskedDiffusionObjective();
        using var scope = NewDisposeScope();
        using TransformerNetwork network = TransformerNetworkTests.Sharp(Small, ScalarType.Float64);
        objective.Loss(network, batch).backward();
        const double Step = 1e-5;
        string[] names = ["lm_head.weight", "transformer.wte.weight", "transformer.h.1.attn.attn.weight", "transformer.ln_f.weight"];
        foreach (string name in names)
        {
            Parameter parameter = network.Parameters[name];
            using IDisposable noGradient = no_grad();
            Tensor place = parameter.view(-1).narrow(0, parameter.NumberOfElements / 2, 1);
            double value = place.item<double>();
            double At(double x)
            {
                place.Set(x);
                return objective.Loss(network, batch).item<double>();
            }
            double slope = (At(value + Step) - At(value - Step)) / (2 * Step);
            place.Set(value);
            Assert.AreEqual(
                slope, parameter.grad!.view(-1)[parameter.NumberOfElements / 2].item<double>(), 1e-7 * (1 + Math.Abs(slope)), name);
        }
    }

    [TestMethod]
    public void StratifiedLevelsLowerTheLossesVariance()
    {
        using TransformerNetwork network = TransformerNetworkTests.Sharp(Small, ScalarType.Float32);
        // With weights of 1 / p the variance has no bound, and 300 draws tell nothing about it.
        var objective = new MaskedDiffusionObjective(LossWeighting.Uniform);
        double Variance(NoiseLevels sampling)
        {
            double[] losses =
            [
                .. Enumerable.Range(0, 300).Select(draw => objective.RowLosses(network, Noisy(8, (ulong)draw, sampling)).Average()),
            ];
            return losses.Average(loss => loss * loss) - Math.Pow(losses.Average(), 2);
        }
        double ratio = Variance(NoiseLevels.Stratified) / Variance(NoiseLevels.Independent);
        Console.WriteLine($"variance of the batch loss, stratified / independent levels: {ratio:F3}");
        // Twelve sets of 300 draws gave 0.25 to 0.38.
        Limit.Below(0.6, ratio);
    }

    [TestMethod]
    [DoNotParallelize]
    public void NoTensorsAreLeftBehind()
    {
        using TransformerNetwork network = TransformerNetworkTests.Sharp(Small, ScalarType.Float32);
        NoisyBatch batch = Noisy();
        void Step()
        {
            using var scope = NewDisposeScope();
            new MaskedDiffusionObjective().Loss(network, batch).backward();
            new MaskedDiffusionObjective().RowLosses(network, batch);
        }
        Step();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long before = Tensor.TotalCount;
        for (int i = 0; i < 10; i++)
            Step();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.AreEqual(before, Tensor.TotalCount);
    }
}

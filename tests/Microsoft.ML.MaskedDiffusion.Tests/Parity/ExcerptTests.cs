using Microsoft.ML.MaskedDiffusion.Diffusion.Noise;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Training;
using Microsoft.ML.MaskedDiffusion.Training.Optimizers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// Loss, logits, every gradient and the loss after three AdamW steps of the tiny network, so that parity is guarded where the golden files
/// are not. Its own weights are in those files, so these are a formula's; the figures were computed in 64 bits by the code that met every
/// golden figure.
/// </summary>
[TestClass]
public sealed class ExcerptTests
{
    private static readonly double[] WithRoundedTables =
    [
        5.2340488593,
        -2.0764732349, 0.21004782786, 0.31576470737, 0.74375124703,
        1.7401771378, -1.3981574799, 0.25682756252, 0.13819334663, 0.022627526265, -0.011257755446, 0.28897210015, -0.28187578389,
        0.50212545998, 0.10301097238, 0.016977173103, -0.014639177908, 0.1868357762, 0.060405269487, 0.18977340669, -0.38641797487,
        0.42455889163, -1.5404633502, 0.016486654007, 0.0019015412844, 0.18889440803, -0.08565848843, 0.45106581999, -0.0068791599239,
        0.011887303773, 0.017987007628, 0.1663643007, 0.0080391596869, 0.17364678161, -0.12344141462, 0.38702214579, 0.75387702457,
        0.019710015857, 0.021220660838, 0.22925091786, -0.16359957242, 0.46821101004, -0.087776354727, 0.013529114553, -0.0079802112363,
        0.18481517347, 0.059416425434, 0.18499188675, 0.1055511382, 0.41143305929, 0.60347492488, 0.1596157563, 0.069298476109,
        4.6781836627,
    ];

    private static readonly double[] WithExactTables =
    [
        5.2340436722,
        -2.076438087, 0.2100765575, 0.31575159199, 0.74371847064,
        1.7401703453, -1.3981661172, 0.2568241106, 0.13819691349, 0.022627118575, -0.011258060808, 0.28895876225, -0.28189157102,
        0.50211822606, 0.10300834401, 0.016976842458, -0.014638751386, 0.18683366567, 0.060410773798, 0.18977320893, -0.386411054,
        0.42455580147, -1.5404622327, 0.016485465348, 0.0018996405169, 0.18887673367, -0.085686325442, 0.45106275139, -0.0069069237046,
        0.011887163494, 0.017986518344, 0.16636365619, 0.0080409286397, 0.17364678183, -0.12344679714, 0.38702226631, 0.75392253487,
        0.019708674672, 0.021217177095, 0.22923905229, -0.16360592827, 0.46818506336, -0.087710233344, 0.013528975999, -0.0079794542036,
        0.18481517124, 0.059425238752, 0.18499131338, 0.10555108961, 0.41143045599, 0.60349703576, 0.15961514764, 0.069297334759,
        4.6781833335,
    ];

    [TestMethod]
    [DataRow(RotaryPrecision.BFloat16)]
    [DataRow(RotaryPrecision.Float32)]
    public void TheTinyNetworkWithFormulaWeights(RotaryPrecision precision)
    {
        double[] expected = precision == RotaryPrecision.BFloat16 ? WithRoundedTables : WithExactTables;
        // The figures have eleven digits; 32 bits carry seven, and a gradient sums over all of the batch.
        foreach ((ScalarType type, double tolerance) in new[] { (ScalarType.Float64, 1e-9), (ScalarType.Float32, 1e-5) })
        {
            (double Value, double Scale)[] figures = Figures(precision, type);
            Assert.HasCount(expected.Length, figures);
            for (int i = 0; i < expected.Length; i++)
                Assert.AreEqual(expected[i], figures[i].Value, tolerance * figures[i].Scale, $"figure {i} in {type}");
        }
    }

    /// <summary>
    /// Loss; logits of four positions; of each gradient its length and its product with a cosine; loss after three steps. With each the
    /// scale that errors have.
    /// </summary>
    private static (double Value, double Scale)[] Figures(RotaryPrecision precision, ScalarType type)
    {
        using var scope = NewDisposeScope();
        TransformerConfig config = Golden.TinyConfig(precision);
        using TransformerNetwork formula = FormulaNetwork.Create(config), network = new(config, CPU, type);
        network.CopyFrom(formula);
        double[] draws = [.. Enumerable.Range(0, 4 * 64 * 2 + 4).Select(i => FormulaNetwork.Uniform(7, i))];
        long[] tokens = [.. draws[..256].Select(draw => (long)(97 * draw))];
        float[] levels = [.. draws[512..].Select(draw => (float)draw)], uniforms = [.. draws[256..512].Select(draw => (float)draw)];
        NoisyBatch batch = new ForwardProcess(config.MaskTokenId).Corrupt(tokens, 64, levels, uniforms);
        var objective = new MaskedDiffusionObjective();
        using AdamWOptimizer optimizer = AdamWOptimizer.Create(network.Parameters, new TrainingSettings());
        var figures = new List<(double, double)>();

        double[] logits = Comparison.Numbers(network.Forward(new TokenRows(batch.Tokens, 64)));
        for (int step = 0; step < 4; step++)
        {
            network.ZeroGradients();
            Tensor loss = objective.Loss(network, batch);
            if (step is 0 or 3)
                figures.Add((Comparison.Numbers(loss)[0], 1));
            if (step == 3)
                break;
            loss.backward();
            if (step == 0)
            {
                figures.AddRange(new[] { 0, 63, 130, 255 }.Select(position => (logits[position * 97 + position % 97], 1.0)));
                foreach (Parameter parameter in network.Parameters.Values)
                {
                    double[] gradient = Comparison.Numbers(parameter.grad!);
                    double length = Math.Sqrt(gradient.Sum(g => g * g));
                    figures.Add((length, length));
                    figures.Add((gradient.Select((g, i) => g * Math.Cos(i)).Sum(), length));
                }
            }
            optimizer.PrepareGradients();
            optimizer.Step(1e-3);
        }
        return [.. figures];
    }
}

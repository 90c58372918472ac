using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// The reference's most-confident-first sampler at temperature 0, one row a batch, with its own numbers of tokens a step.
/// </summary>
[TestClass]
public sealed class GoldenSamplerTests
{
    [TestMethod]
    [DataRow("reverse_greddy_T0_cfg0.8", 0.8)]
    [DataRow("greddy_T0_nocfg", 0.0)]
    public void GreedyTrajectory(string run, double scale)
    {
        using SafetensorsReader golden = Golden.Open("rope_bf16", "samplers.safetensors");
        using TransformerNetwork network = Golden.Tiny();
        int[] left = [.. Golden.Json("rope_bf16", "index.json").GetProperty("samplers").GetProperty("runs").GetProperty(run)
            .GetProperty("masks_left")
            .EnumerateArray().Select(count => count.GetInt32())];
        int[] states = [.. golden.ReadIntegers(run + ".states").Select(id => (int)id)];
        int length = states.Length / left.Length;
        int[] first = states[..length], positions = [.. Enumerable.Range(0, length).Where(i => first[i] == 97)];
        SamplingOptions options = new() { GuidanceScale = scale };
        var row = new DecodingRow(first, positions, null, options, [.. left.Zip(left.Skip(1), (before, after) => before - after)]);
        var evaluator = new NetworkEvaluator(network);
        for (int step = 0; !row.IsDone; step++)
        {
            CollectionAssert.AreEqual(states[(step * length)..((step + 1) * length)], row.Tokens, $"before step {step}");
            MaskedRow look = row.Look(97);
            new RowScheduler(evaluator, scale, 8192)
                .Read([look], (_, place, logits) => row.Choose(place, look.Positions[place], logits), CancellationToken.None);
            row.Advance();
        }
        Comparison.Equal("rope_bf16/samplers", run, states[^length..], row.Tokens);
    }
}

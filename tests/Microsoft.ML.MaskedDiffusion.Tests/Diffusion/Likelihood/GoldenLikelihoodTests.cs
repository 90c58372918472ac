using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The likelihoods of the reference implementation's evaluation, with its recorded draws.</summary>
[TestClass]
public sealed class GoldenLikelihoodTests
{
    private static int[] Ids(SafetensorsReader golden, string name) => [.. golden.ReadIntegers(name).Select(id => (int)id)];

    private static JsonElement Results() => Golden.Json("rope_bf16", "index.json").GetProperty("likelihood").GetProperty("results");

    private static void Check(string name, double ours, double exact) =>
        new Comparison("rope_bf16/likelihood", name).AddRelative(Results().GetProperty(name).GetDouble(), ours, exact)
        .Check(Math.Max(Comparison.HalfUnit, Golden.Tolerance("bf16", name + "_rel")), Comparison.Few);

    [TestMethod]
    [DataRow(0.0, false)]
    [DataRow(0.5, false)]
    [DataRow(0.0, true)]
    [DataRow(0.5, true)]
    public void MonteCarloWithRecordedDraws(double scale, bool pad)
    {
        using SafetensorsReader golden = Golden.Open("rope_bf16", "likelihood.safetensors");
        string cfg = scale == 0 ? "cfg0.0" : "cfg0.5", name = (pad ? "mc_pad64_" : "mc_") + cfg;
        int[] prefix = Ids(golden, "prefix"), target = Ids(golden, "target");
        float[] uniforms = golden.ReadSingles($"mc_{cfg}.u_mask");
        int length = prefix.Length + target.Length;
        float[][] draws = [.. Enumerable.Range(0, 64)
            .Select(sample => uniforms[(sample * length + prefix.Length)..((sample + 1) * length)])];
        MaskRound round = MonteCarloMethod.FromDraws(golden.ReadSingles($"mc_{cfg}.u0"), draws, roundSize: 16);

        var request = new LikelihoodRequest(prefix, target);
        (double Value, EstimateError Error) Estimate(ScalarType type)
        {
            using TransformerNetwork network = Golden.Tiny(type: type);
            MaskedRow?[] rows =
                [.. round.Masks.Select(mask =>
                    mask.Hidden.Length == 0 ? null : RequestState.CreateRow(request, mask, pad ? 64 : length, 97, guided: scale > 0))];
            new RowScheduler(new NetworkEvaluator(network), scale, 8192).Score(rows.OfType<MaskedRow>(), CancellationToken.None);
            return round.Combine([.. rows.Select(row => row?.NegativeLogLikelihood ?? 0)]);
        }
        (double value, EstimateError error) = Estimate(ScalarType.Float32);
        Check(name, value, Estimate(ScalarType.Float64).Value);
        Assert.IsTrue(error.Variance > 0);
    }

    [TestMethod]
    [DataRow(0.0, false)]
    [DataRow(0.5, false)]
    [DataRow(0.0, true)]
    [DataRow(0.5, true)]
    public void ChainRule(double scale, bool pad)
    {
        using SafetensorsReader golden = Golden.Open("rope_bf16", "likelihood.safetensors");
        string name = (pad ? "chain_rule_pad64_" : "chain_rule_") + (scale == 0 ? "cfg0.0" : "cfg0.5");
        LikelihoodOptions options = new() { Method = LikelihoodMethod.ChainRule, GuidanceScale = scale, PadToContext = pad };
        LikelihoodEstimate Estimate(ScalarType type)
        {
            using TransformerNetwork network = Golden.Tiny(type: type);
            return new MaskedDiffusionScorer(new NetworkEvaluator(network), options)
                .Score([new(Ids(golden, "prefix"), Ids(golden, "target"))])[0];
        }
        LikelihoodEstimate estimate = Estimate(ScalarType.Float32);
        Check(name, -estimate.LogLikelihood, -Estimate(ScalarType.Float64).LogLikelihood);
        Assert.AreEqual(scale == 0 ? 6 : 12, estimate.NetworkRows);
    }

    [TestMethod]
    public void OfTheAutoregressiveModel()
    {
        using SafetensorsReader golden = Golden.Open("rope_bf16", "likelihood.safetensors");
        var request = new LikelihoodRequest(Ids(golden, "prefix"), Ids(golden, "target"));
        double Estimate(ScalarType type)
        {
            using TransformerNetwork network = Golden.Tiny(autoregressive: true, type: type);
            return -new AutoregressiveScorer(network, new()).Score([request])[0].LogLikelihood;
        }
        Check("ar_nll", Estimate(ScalarType.Float32), Estimate(ScalarType.Float64));
    }

    [TestMethod]
    [DataRow(0.0, "get_logits_cfg0.0")]
    [DataRow(0.5, "get_logits_cfg0.5")]
    public void GuidedLogits(double scale, string name)
    {
        using SafetensorsReader golden = Golden.Open("rope_bf16", "likelihood.safetensors");
        int[] ids = Ids(golden, "get_logits.batch");
        var batch = new RowBatch(17, scale);
        for (int row = 0; row < 3; row++)
        {
            int[] tokens = ids[(row * 17)..((row + 1) * 17)];
            batch.Add(new MaskedRow(tokens, Guidance.Unconditional(tokens, 11, 97), [.. Enumerable.Range(0, 17)], []));
        }
        double[] Logits(ScalarType type)
        {
            using TransformerNetwork network = Golden.Tiny(type: type);
            var logits = new float[3 * 17 * 97];
            new NetworkEvaluator(network).ReadLogits(batch, (query, row) => row.CopyTo(logits.AsSpan(query * 97)));
            return Comparison.Numbers(logits);
        }
        new Comparison("rope_bf16/likelihood", name)
            .Add(Comparison.Numbers(golden.ReadSingles(name)), Logits(ScalarType.Float32), Logits(ScalarType.Float64))
            .Check(Golden.Tolerance("bf16", name));
    }

    [TestMethod]
    [DataRow(0.0, "cfg0.0")]
    [DataRow(0.5, "cfg0.5")]
    public void GreedySuffix(double scale, string cfg)
    {
        using SafetensorsReader golden = Golden.Open("rope_bf16", "likelihood.safetensors");
        using TransformerNetwork network = Golden.Tiny();
        int[] prefix = Ids(golden, "prefix"), target = Ids(golden, "target"), own = Ids(golden, $"suffix_greedy_{cfg}.prediction");
        var matcher = new GreedyMatcher(new NetworkEvaluator(network), new() { GuidanceScale = scale });
        CollectionAssert.AreEqual(new[] { false, true }, matcher.Match([new(prefix, target), new(prefix, own)]));

        var states = new List<int[]>();
        int[] all = Ids(golden, $"suffix_greedy_{cfg}.states");
        int[] filled = new TokenInfiller(new RecordingEvaluator(new NetworkEvaluator(network), states), new() { GuidanceScale = scale })
            .Fill([[.. prefix, .. Enumerable.Repeat(97, 6)]])[0];
        CollectionAssert.AreEqual(own, filled[11..]);
        for (int step = 0; step < 6; step++)
            CollectionAssert.AreEqual(all[(step * 17)..((step + 1) * 17)], states[step]);
        Comparison.Equal("rope_bf16/likelihood", $"greedy suffix {cfg}", all[(6 * 17)..], filled);
    }

    private sealed class RecordingEvaluator(IRowEvaluator inner, List<int[]> states) : IRowEvaluator
    {
        public int VocabularySize => inner.VocabularySize;

        public int MaskTokenId => inner.MaskTokenId;

        public int ContextLength => inner.ContextLength;

        public void LogProbabilities(RowBatch batch, Span<double> destination) => inner.LogProbabilities(batch, destination);

        public void ReadLogits(RowBatch batch, LogitReader reader)
        {
            states.Add(batch.Rows[0]);
            inner.ReadLogits(batch, reader);
        }
    }
}

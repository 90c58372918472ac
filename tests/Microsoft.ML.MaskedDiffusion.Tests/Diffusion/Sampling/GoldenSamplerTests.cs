using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The reference's samplers token for token at every step, with its recorded draws.</summary>
[TestClass]
public sealed class GoldenSamplerTests
{
    private const int M = 97;

    [TestMethod]
    [DataRow("mtbench_origin_T1_cfg0.6")]
    [DataRow("mtbench_origin_T1_nocfg")]
    [DataRow("mtbench_origin_T0_cfg0.6")]
    [DataRow("reverse_greddy_T0_cfg0.8")]
    [DataRow("greddy_T0_nocfg")]
    [DataRow("gsm8k_greddy_T0.1_cfg0.1_batch3")]
    [DataRow("gsm8k_greddy_T0_cfg0.1_batch3")]
    [DataRow("greddy_T1_cfg0.5")]
    public void EveryStepIsTheReferences(string run)
    {
        using SafetensorsReader golden = Golden.Open("rope_bf16", "samplers.safetensors");
        using TransformerNetwork network = Golden.Tiny();
        JsonElement facts = Golden.Json("rope_bf16", "index.json").GetProperty("samplers").GetProperty("runs").GetProperty(run);
        int steps = facts.GetProperty("steps").GetInt32(), length = facts.GetProperty("context_length").GetInt32();
        int[] states = [.. golden.ReadIntegers(run + ".states").Select(id => (int)id)];
        int prompt = (int)golden.Entries.Single(entry => entry.Name == run + ".prompt").Shape[1];
        int batch = states.Length / (steps + 1) / length;
        int[] State(int step, int row) => states[((step * batch + row) * length)..((step * batch + row + 1) * length)];
        SamplingOptions options = run.Contains("greddy") ? SamplingPresets.SmdmGreedy : SamplingPresets.Smdm;
        options.Steps = steps;
        options.Temperature = facts.GetProperty("temperature").GetDouble();
        options.GuidanceScale = facts.GetProperty("cfg_scale").GetDouble();
        options.SharesStepsAmongRows = batch > 1;
        var draws = new RecordedDraws(golden, run, Enumerable.Range(0, steps)
            .Select(step => Enumerable.Range(0, batch).Select(row => State(step, row)).ToArray()).ToArray(),
            options.Order.Name == "Random");
        SamplingRow[] rows = [.. Enumerable.Range(0, batch).Select(row =>
        {
            int[] first = State(0, row);
            int[] positions = [.. Enumerable.Range(0, length).Where(i => first[i] == M)];
            return new SamplingRow(new SamplingRequest(first, positions) { Key = 0, PromptLength = prompt }, options.Clone(), M,
                draws.OfRow(row));
        })];
        // The steps are watched through the progress reports: one is made after each step.
        int step = 0;
        var watch = new Listener(_ =>
        {
            step++;
            for (int row = 0; row < batch; row++)
                CollectionAssert.AreEqual(State(step, row), rows[row].Tokens, $"row {row} after step {step}");
        });
        new Decoder(new NetworkEvaluator(network), options).Run(rows, watch, CancellationToken.None);
        Assert.IsTrue(rows.All(row => row.IsDone) && step <= steps);
        Comparison.Equal("rope_bf16/samplers", run, states[^length..], rows[^1].Tokens);
    }

    private sealed class Listener(Action<double> action) : IProgress<double>
    {
        public void Report(double value) => action(value);
    }

    // The reference draws for the masked positions of the whole batch in row-major order: numbers for the transfer (in its "origin" only),
    // and numbers for the tokens of the positions that it samples.
    private sealed class RecordedDraws(SafetensorsReader golden, string run, int[][][] states, bool isOrigin)
    {
        public ISamplingDraws OfRow(int row) => new Row(this, row);

        private double Transfer(int step, int row, int position)
        {
            if (!isOrigin)
                return 0;
            float[] draws = golden.ReadSingles($"{run}.step{step:000}.u_transfer");
            return draws[Place(step, row, position, _ => true)];
        }

        private void Gumbel(int step, int row, int position, Span<double> destination)
        {
            float share = new SamplingStep { Step = step, Steps = states.Length }.UnmaskedShare(1e-5);
            float[]? transfer = isOrigin ? golden.ReadSingles($"{run}.step{step:000}.u_transfer") : null;
            int place = Place(step, row, position, masked => transfer is null || transfer[masked] < share);
            double[] draws = Golden.Doubles(golden, $"{run}.step{step:000}.u_gumbel");
            draws.AsSpan(place * destination.Length, destination.Length).CopyTo(destination);
        }

        // How many masked positions that count stand before this one in the batch.
        private int Place(int step, int row, int position, Func<int, bool> counts)
        {
            int masked = 0, place = 0;
            for (int r = 0; r <= row; r++)
            {
                int[] tokens = states[step][r];
                for (int i = 0; i < (r == row ? position : tokens.Length); i++)
                {
                    if (tokens[i] == M && counts(masked++))
                        place++;
                }
            }
            return place;
        }

        private sealed class Row(RecordedDraws all, int row) : ISamplingDraws
        {
            public double OfPosition(int step, int position)
            {
                lock (all)
                    return all.Transfer(step, row, position);
            }

            public void OfTokens(int step, int position, Span<double> destination)
            {
                // Several threads choose tokens; the file is read by one at a time.
                lock (all)
                    all.Gumbel(step, row, position, destination);
            }
        }
    }
}

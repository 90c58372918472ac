using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// LLaDA's likelihood with its recorded draws. It draws a number k of masked tokens and takes numbers in equal distances from there, round
/// the answer's length; <see cref="LikelihoodMethod.ExactCount"/> draws its numbers in strata of its own. Rows, cross-entropies and weights
/// are the same.
/// </summary>
[TestClass]
public sealed class LLaDALikelihoodTests
{
    private const int M = 117, Batch = 8, Iterations = 2;

    [TestMethod]
    [DataRow(0, 0.0)]
    [DataRow(0, 0.5)]
    [DataRow(1, 0.0)]
    [DataRow(1, 0.5)]
    public void RowsAndWeightsAreThoseOfExactCount(int pair, double scale)
    {
        using SafetensorsReader golden = Golden.Open("published", "llada", "likelihood.safetensors");
        using TransformerNetwork network = PublishedNetwork.Load("llada");
        string name = $"{pair}.cfg" + (scale == 0 ? "0.0" : "0.5");
        JsonElement run = Golden.Json("published", "llada", "likelihood.json").GetProperty("runs").GetProperty(name);
        int[] prompt = Ids(golden, $"{pair}.prompt"), answer = Ids(golden, $"{pair}.answer");
        var request = new LikelihoodRequest(prompt, answer);
        int length = prompt.Length + answer.Length;
        double sum = 0;
        for (int iteration = 0; iteration < Iterations; iteration++)
        {
            string draws = $"{pair}.iter{iteration}.";
            int[] counts = Counts(Ids(golden, draws + "k")[0], answer.Length), noisy = Ids(golden, draws + "noisy");
            int[] permutations = Ids(golden, draws + "perm");
            float[] levels = golden.ReadSingles(draws + "p_mask");
            var rows = new MaskedRow[Batch];
            var masks = new AnswerMask[Batch];
            for (int row = 0; row < Batch; row++)
            {
                int[] order = permutations[(row * answer.Length)..((row + 1) * answer.Length)];
                masks[row] = new AnswerMask([.. Enumerable.Range(0, answer.Length).Where(i => order[i] < counts[row])]);
                rows[row] = RequestState.CreateRow(request, masks[row], length, M, guided: scale > 0);
                CollectionAssert.AreEqual(noisy[(row * length)..((row + 1) * length)], rows[row].Tokens);
                // LLaDA divides in 32 bits.
                Assert.AreEqual((double)counts[row] / answer.Length, levels[row], 1e-7);
            }
            new RowScheduler(new NetworkEvaluator(network), scale, 8192).Score(rows, CancellationToken.None);
            RequireEntropies(golden.ReadSingles($"{name}.iter{iteration}.ce"), rows);
            double loss = Loss(masks, answer.Length, rows);
            // 1e-6 of the sum: each cross-entropy is rounded to 32 bits, and so is the sum.
            double recorded = run.GetProperty("per_iteration_loss")[iteration].GetDouble();
            Assert.AreEqual(recorded, loss, 1e-6 * recorded, $"iteration {iteration}");
            sum += loss;
        }
        double expected = run.GetProperty("log_likelihood").GetDouble();
        Assert.AreEqual(expected, -sum / Iterations, -1e-6 * expected);
    }

    [TestMethod]
    [DataRow(0, 0.0)]
    [DataRow(0, 0.5)]
    [DataRow(1, 0.0)]
    [DataRow(1, 0.5)]
    public void GreedySuffix(int pair, double scale)
    {
        using SafetensorsReader golden = Golden.Open("published", "llada", "likelihood.safetensors");
        using TransformerNetwork network = PublishedNetwork.Load("llada");
        JsonElement run = Golden.Json("published", "llada", "likelihood.json").GetProperty("runs")
            .GetProperty($"{pair}.greedy.cfg" + (scale == 0 ? "0.0" : "0.5"));
        int[][] canvases =
        [
            .. run.GetProperty("canvas_before_each_step").EnumerateArray()
                .Select(canvas => canvas.EnumerateArray().Select(id => id.GetInt32()).ToArray()),
        ];
        int[] prompt = Ids(golden, $"{pair}.prompt"), answer = Ids(golden, $"{pair}.answer");
        var options = new SamplingOptions { GuidanceScale = scale };
        var request = new SamplingRequest(canvases[0], [.. Enumerable.Range(prompt.Length, answer.Length)]) { Key = 0 };
        using var row = new SamplingRow(request, options.Clone(), M);
        var decoder = new Decoder(new NetworkEvaluator(network), options);
        foreach (int[] canvas in canvases)
        {
            CollectionAssert.AreEqual(canvas, row.Tokens);
            decoder.Step([row], new SharedPlan(), CancellationToken.None);
        }
        Assert.IsTrue(row.IsDone);
        var matcher = new GreedyMatcher(new NetworkEvaluator(network), new() { GuidanceScale = scale });
        bool[] expected = [run.GetProperty("answer_is_greedy").GetBoolean(), true];
        CollectionAssert.AreEqual(expected, matcher.Match([new(prompt, answer), new(prompt, row.Tokens[prompt.Length..])]));
    }

    // The mean of loss * length / masked tokens, as the library combines the draws of one stratum. The mask of all tokens, which its own
    // plan counts apart, has no weight.
    private static double Loss(AnswerMask[] masks, int length, MaskedRow[] rows)
    {
        var all = new AnswerMask([.. Enumerable.Range(0, length)]);
        var round = new StratifiedRound([all, .. masks], length, [0], [(1, masks.Length)]);
        return round.Combine([0, .. rows.Select(row => row.NegativeLogLikelihood)]).Value;
    }

    // The reference's cross-entropies stand row by row. Each is at most 3.2e-5 from its value in 64 bits.
    private static void RequireEntropies(float[] entropies, MaskedRow[] rows)
    {
        int first = 0;
        foreach (MaskedRow row in rows)
        {
            double expected = entropies.Skip(first).Take(row.Positions.Length).Sum(value => (double)value);
            Assert.AreEqual(expected, row.NegativeLogLikelihood, 2 * 3.2e-5 * row.Positions.Length);
            first += row.Positions.Length;
        }
        Assert.HasCount(first, entropies);
    }

    // The numbers of masked tokens of a batch: equal distances from k on, rounded half to even, round the length.
    private static int[] Counts(int k, int length)
    {
        var counts = new int[Batch];
        for (int row = 0; row < Batch; row++)
        {
            double value = k + row * (double)length / Batch;
            counts[row] = ((int)Math.Round(value, MidpointRounding.ToEven) - 1) % length + 1;
        }
        return counts;
    }

    private static int[] Ids(SafetensorsReader golden, string name) => [.. golden.ReadIntegers(name).Select(id => (int)id)];
}

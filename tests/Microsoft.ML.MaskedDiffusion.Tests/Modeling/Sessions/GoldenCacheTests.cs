using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The reference's autoregressive decoding with a cache of keys and values.</summary>
[TestClass]
public sealed class GoldenCacheTests
{
    private const string File = "rope_bf16/arm_kvcache";

    [TestMethod]
    public void LogitsOfAPromptAndOfTheTokenAfterIt()
    {
        using SafetensorsReader golden = Golden.Open("rope_bf16", "arm_kvcache.safetensors");
        using TransformerNetwork network = Golden.Tiny(autoregressive: true), exact = Golden.Tiny(
            autoregressive: true, type: ScalarType.Float64);
        int[] prompt = Ids(golden, "greedy.prompt");
        double[][] ours = Logits(network, prompt), exactly = Logits(exact, prompt);
        foreach ((int call, string name) in new[] { "cache_logits_prefill", "cache_logits_next5" }.Index())
            new Comparison(File, name).Add(Comparison.Numbers(golden.ReadSingles(name)), ours[call], exactly[call])
                .Check(Golden.Tolerance("bf16", "cache_logits"));
    }

    [TestMethod]
    [DataRow("greedy")]
    [DataRow("greedy_batch2")]
    [DataRow("greedy_eos")]
    public void GreedyDecoding(string run)
    {
        using SafetensorsReader golden = Golden.Open("rope_bf16", "arm_kvcache.safetensors");
        using TransformerNetwork network = Golden.Tiny(autoregressive: true);
        using INetworkSession session = network.OpenSession();
        string prompts = (run == "greedy_eos" ? "greedy" : run) + ".prompt";
        int count = (int)golden.Find(prompts).Shape[0], length = (int)golden.Find(run + ".output").Shape[1];
        int[][] rows = [.. Ids(golden, prompts).Chunk((int)golden.Find(prompts).Shape[1])];
        KeyValueCache[] caches = [.. rows.Select(_ => session.NewCache(length))];
        JsonElement settings = Golden.Json("rope_bf16", "index.json").GetProperty("arm_kvcache").GetProperty("runs").GetProperty(run);
        int end = settings.TryGetProperty("eos", out JsonElement eos) ? eos.GetInt32() : -1;
        var done = new int[count];
        while (rows[0].Length < length && (done[0] == 0 || rows[0][^1] != end))
        {
            using NetworkStates states = session.States([.. rows.Select((row, i) => new SequencePart
            {
                Tokens = row.AsMemory(done[i]),
                Positions = Enumerable.Range(done[i], row.Length - done[i]).ToArray(),
                KeyCount = row.Length,
                Cache = caches[i],
                Asked = new[] { row.Length - done[i] - 1 },
            })]);
            var next = new int[count];
            session.ReadLogits(states, (i, logits) => next[i] = logits.IndexOf(System.Numerics.Tensors.TensorPrimitives.Max(logits)));
            for (int i = 0; i < count; i++)
                (done[i], rows[i]) = (rows[i].Length, [.. rows[i], next[i]]);
        }
        foreach (KeyValueCache cache in caches)
            cache.Dispose();
        Comparison.Equal(File, run, Ids(golden, run + ".output"), [.. rows.SelectMany(row => row)]);
    }

    // The logits of a prompt, and of token 5 after it.
    private static double[][] Logits(TransformerNetwork network, int[] prompt)
    {
        using INetworkSession session = network.OpenSession();
        using KeyValueCache cache = session.NewCache(network.Config.ContextLength);
        int n = prompt.Length;
        var next = new SequencePart
        { Tokens = new[] { 5 }, Positions = new[] { n }, KeyCount = n + 1, Cache = cache, Asked = new[] { 0 } };
        return [Of(SequencePart.Whole(prompt, Enumerable.Range(0, n).ToArray(), cache)), Of(next)];

        double[] Of(SequencePart part)
        {
            using NetworkStates states = session.States([part]);
            var logits = new float[states.Count][];
            session.ReadLogits(states, (i, values) => logits[i] = values.ToArray());
            return [.. logits.SelectMany(values => values).Select(value => (double)value)];
        }
    }

    private static int[] Ids(SafetensorsReader reader, string name) => [.. reader.ReadIntegers(name).Select(id => (int)id)];
}

using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Adapters;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Numerics.Memory;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Adapters as files in PEFT's layout, and merged into models.</summary>
[TestClass]
public sealed class LoraAdapterTests
{
    private static readonly MaskedDiffusionModel Model = TinyModel.Create();
    private static readonly TemporaryFolder Folder = new();

    private const int Rank = 3;

    // Factors of random numbers for some layers of the tiny model (width 32, feed-forward width 64).
    private static LoraAdapter Create(string[] targets, double alpha = 6, int seed = 1)
    {
        LayerNaming naming = LayerNaming.Find(Model.Config, null, targets)!;
        LinearLayer[] layers = naming.Select(targets);
        var random = new Random(seed);
        float[] Draw(long count) => [.. Enumerable.Range(0, (int)count).Select(_ => random.NextSingle() - 0.5f)];
        return new LoraAdapter(Rank, alpha, naming.TargetsOf(layers),
            [.. layers.Select(layer => new LoraFactors(layer.Name, Draw(Rank * layer.Inputs), Draw(Rank * layer.Outputs)))], null);
    }

    private static float[] Weight(MaskedDiffusionModel model, string name) =>
        TensorMemory.FloatSpan(model.Network.Parameters[name]).ToArray();

    private static float[] Weights(MaskedDiffusionModel model) =>
        [.. model.Network.Parameters.Keys.SelectMany(name => Weight(model, name))];

    [ClassCleanup]
    public static void Free()
    {
        Model.Dispose();
        Folder.Dispose();
    }

    [TestMethod]
    public void MergingAddsTheProductOfTheFactors()
    {
        LoraAdapter adapter = Create(["attn.proj"]);
        using MaskedDiffusionModel merged = Model.Merge(adapter);
        float[] before = Weight(Model, "transformer.h.1.attn.proj.weight"), after = Weight(merged, "transformer.h.1.attn.proj.weight");
        LoraFactors factors = adapter.Factors[1];
        for (int row = 0; row < 32; row++)
        {
            for (int column = 0; column < 32; column++)
            {
                double product = Enumerable.Range(0, Rank).Sum(k => (double)factors.B[row * Rank + k] * factors.A[k * 32 + column]);
                // Five roundings of numbers below 4.
                Assert.AreEqual(before[row * 32 + column] + 2 * product, after[row * 32 + column], 2e-6);
            }
        }
        CollectionAssert.AreEqual(Weight(Model, "transformer.h.1.attn.attn.weight"), Weight(merged, "transformer.h.1.attn.attn.weight"));
        Assert.IsNull(merged.Adapter, "only a training makes one");
    }

    [TestMethod]
    public void WeightsOf16BitsAreRoundedOnce()
    {
        LoraAdapter adapter = Create(["attn.proj"]);
        const string Name = "transformer.h.1.attn.proj.weight";
        using var narrow = new TransformerNetwork(Model.Config, torch.CPU, torch.ScalarType.BFloat16);
        narrow.CopyFrom(Model.Network);
        using var wide = new TransformerNetwork(Model.Config, torch.CPU);
        wide.CopyFrom(narrow);
        AdapterMerge.Into(narrow, null, adapter);
        AdapterMerge.Into(wide, null, adapter);
        using torch.Tensor expected = wide.Parameters[Name].to(torch.ScalarType.BFloat16);
        using torch.Tensor same = expected.eq(narrow.Parameters[Name]).all();
        Assert.IsTrue(same.item<bool>());
    }

    [TestMethod]
    [DataRow("attention", "feed-forward")]
    [DataRow("q_proj", "v_proj")]
    [DataRow("lm_head")]
    public void AnAdapterIsReadAsItWasWritten(params string[] targets)
    {
        LoraAdapter adapter = Create(targets, alpha: 4.5);
        string folder = Folder.File(string.Join('-', targets));
        adapter.Save(folder);
        CollectionAssert.AreEquivalent(new[] { "adapter_config.json", "adapter_model.safetensors" },
            Directory.GetFiles(folder).Select(Path.GetFileName).ToArray());
        LoraAdapter read = LoraAdapter.Load(folder);
        Assert.AreEqual((adapter.Rank, adapter.Alpha, adapter.ParameterCount), (read.Rank, read.Alpha, read.ParameterCount));
        CollectionAssert.AreEqual(adapter.Targets.ToArray(), read.Targets.ToArray());
        CollectionAssert.AreEqual(adapter.LayerNames.ToArray(), read.LayerNames.ToArray());
        using MaskedDiffusionModel merged = Model.Merge(adapter), again = Model.Merge(read);
        CollectionAssert.AreEqual(Weights(merged), Weights(again));
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => adapter.Save(folder)).Message, folder);
    }

    /// <summary>Names, shapes and fields as PEFT's documentation of its files has them.</summary>
    [TestMethod]
    public void TheFilesAreThoseOfPeft()
    {
        string folder = Folder.File("layout");
        Create(["q_proj", "down_proj"]).Save(folder);
        string weights = Path.Combine(folder, "adapter_model.safetensors");
        using SafetensorsReader reader = SafetensorsReader.Open(weights);
        CollectionAssert.AreEqual(
            new[]
            {
                "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight [3, 32]",
                "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight [32, 3]",
                "base_model.model.model.layers.0.mlp.down_proj.lora_A.weight [3, 64]",
                "base_model.model.model.layers.0.mlp.down_proj.lora_B.weight [32, 3]",
            },
            reader.Entries.Take(4).Select(entry => $"{entry.Name} {entry.ShapeText}").ToArray());
        Assert.AreEqual("pt", SafetensorsHeaderText.Metadata(File.ReadAllBytes(weights), "format"));
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "adapter_config.json")))!.AsObject();
        Assert.AreEqual("""{"r":3,"a":6,"t":["self_attn.q_proj","mlp.down_proj"],"p":"LORA","b":"none","k":null}""",
            JsonSerializer.Serialize(new Dictionary<string, JsonNode?>
            {
                ["r"] = config["r"], ["a"] = config["lora_alpha"], ["t"] = config["target_modules"], ["p"] = config["peft_type"],
                ["b"] = config["bias"], ["k"] = config["task_type"],
            }));
    }

    /// <summary>One fused adapter is three of the same A with the rows of B that belong to queries, keys and values.</summary>
    [TestMethod]
    public void SeparateQueriesKeysAndValuesArePartsOfTheFusedProjection()
    {
        LoraAdapter fused = Create(["attn.attn"]), separate = Create(["q_proj", "k_proj", "v_proj"]);
        LayerNaming naming = LayerNaming.Find(Model.Config, null, separate.Targets)!;
        LoraFactors[] parts =
        [
            .. naming.Select(separate.Targets).Select((layer, i) => new LoraFactors(layer.Name, fused.Factors[i / 3].A,
            [
                .. layer.Rows.OrderBy(rows => rows.From)
                    .SelectMany(rows => fused.Factors[i / 3].B[(int)(rows.To * Rank)..(int)((rows.To + rows.Count) * Rank)]),
            ])),
        ];
        var rebuilt = new LoraAdapter(Rank, fused.Alpha, separate.Targets, parts, null);
        using MaskedDiffusionModel one = Model.Merge(fused), three = Model.Merge(rebuilt);
        float[] expected = Weights(one), actual = Weights(three);
        // A product of other rows may be summed in another order.
        Limit.Below(1e-6f, expected.Zip(actual, (a, b) => Math.Abs(a - b)).Largest());
        CollectionAssert.AreNotEqual(Weights(Model), actual);
    }

    [TestMethod]
    public void TheNamedBeginningsThatLeaveTheBaseAloneAreRead()
    {
        string folder = Folder.File("gaussian");
        Create(["w1"]).Save(folder);
        Edit(folder, json => json["init_lora_weights"] = "gaussian");
        Assert.AreEqual(Rank, LoraAdapter.Load(folder).Rank);
    }

    [TestMethod]
    public void AStabilisedFactorIsThatOfTheRootOfTheRank()
    {
        string folder = Folder.File("stabilised");
        Create(["w1"], alpha: 6).Save(folder);
        Edit(folder, json => json["use_rslora"] = true);
        Assert.AreEqual(6 / Math.Sqrt(Rank), LoraAdapter.Load(folder).Alpha / Rank, 1e-12);
    }

    [TestMethod]
    public void WhatIsNotSuchAnAdapterIsRefused()
    {
        (string Message, Action<JsonObject> Change)[] cases =
        [
            ("\"use_dora\" is \"true\"", json => json["use_dora"] = true),
            ("\"bias\" is \"all\"", json => json["bias"] = "all"),
            ("\"modules_to_save\"", json => json["modules_to_save"] = new JsonArray("lm_head")),
            ("\"rank_pattern\"", json => json["rank_pattern"] = new JsonObject { ["q_proj"] = 4 }),
            ("\"peft_type\" is \"IA3\"", json => json["peft_type"] = "IA3"),
            ("\"init_lora_weights\" is \"pissa\"", json => json["init_lora_weights"] = "pissa"),
            ("\"r\", the rank", json => json["r"] = 0),
            ("\"r\", the rank", json => json.Remove("r")),
            ("\"lora_alpha\" is no number", json => json["lora_alpha"] = "16"),
            ("which is not of rank 4", json => json["r"] = 4),
        ];
        foreach ((int i, (string message, Action<JsonObject> change)) in cases.Index())
        {
            string folder = Folder.File($"refused{i}");
            Create(["w1"]).Save(folder);
            Edit(folder, change);
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => LoraAdapter.Load(folder)).Message, message);
        }
        string lone = Folder.File("lone");
        Create(["w1"]).Save(lone);
        File.WriteAllText(Path.Combine(lone, "adapter_config.json"), "{\"peft_type\": \"\\ud800\"}");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => LoraAdapter.Load(lone)).Message, "adapter_config.json");
        File.WriteAllText(Path.Combine(lone, "adapter_config.json"), "{");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => LoraAdapter.Load(lone)).Message, "no JSON");
        File.Delete(Path.Combine(lone, "adapter_model.safetensors"));
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => LoraAdapter.Load(lone)).Message, "adapter_model.bin");
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => LoraAdapter.Load(Folder.File("gone"))).Message,
            "adapter_config.json");
    }

    [TestMethod]
    public void TensorsThatAreNoPairsOfFactorsAreRefused()
    {
        string folder = Folder.File("strange");
        Create(["w1"]).Save(folder);
        (string Message, string Name, long[] Shape)[] cases =
        [
            ("neither factor of a layer", "base_model.model.lm_head.weight", [3, 3]),
            ("no other factor beside it", "base_model.model.lm_head.lora_A.weight", [3, 32]),
            ("which is not of rank 3", "base_model.model.lm_head.lora_B.weight", [3]),
        ];
        foreach ((string message, string name, long[] shape) in cases)
        {
            using torch.Tensor values = torch.zeros(shape);
            using (FileStream stream = File.Create(Path.Combine(folder, "adapter_model.safetensors")))
                SafetensorsWriter.Write(stream, [KeyValuePair.Create(name, values)]);
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => LoraAdapter.Load(folder)).Message, message);
        }
    }

    [TestMethod]
    public void AnAdapterOfAnotherNetworkIsRefused()
    {
        using MaskedDiffusionModel other = TinyModel.Create(Model.Tokenizer, 8);
        var wide = new LoraAdapter(1, 1, ["lm_head"], [new LoraFactors("lm_head", new float[64], new float[10])], null);
        var strange = new LoraAdapter(1, 1, ["c_attn"], [new LoraFactors("h.0.c_attn", new float[32], new float[96])], null);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => other.Merge(wide)).Message, "has a weight [10, 64]");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => other.Merge(strange)).Message, "\"h.0.c_attn\"");
    }

    private static void Edit(string folder, Action<JsonObject> change)
    {
        string path = Path.Combine(folder, "adapter_config.json");
        JsonObject json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(json);
        File.WriteAllText(path, json.ToJsonString());
    }
}

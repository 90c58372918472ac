using System.Text.Json.Nodes;
using Microsoft.ML.MaskedDiffusion.Modeling.Families;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The configurations of published models: what is computed, what is refused, what is passed over.</summary>
[TestClass]
public sealed class HubConfigTests
{
    private static TransformerConfig Tiny => new()
    {
        LayerCount = 3, HeadCount = 4, EmbeddingSize = 64, FeedForwardSize = 160, VocabularySize = 120, ContextLength = 64,
    };

    [TestMethod]
    public void LLaDAIsAnUntiedTransformerOfItsOwnBase()
    {
        AssertRead("llada", Tiny with { FeedForwardSize = 176, RotaryBase = 500000, MaskTokenId = 117 });
    }

    [TestMethod]
    public void DreamHasBiasesGroupsAndShiftedLogits()
    {
        AssertRead("dream", Tiny with
        {
            FeedForwardSize = 176,
            KeyValueHeadCount = 2,
            RotaryBase = 1e6,
            NormEpsilon = 1e-6,
            HasAttentionBias = true,
            ShiftsLogits = true,
            MaskTokenId = 116,
        });
    }

    [TestMethod]
    public void Qwen3HasNormedHeadsOfTheirOwnSizeAndATiedHead()
    {
        AssertRead("a2d-qwen3", Tiny with
        {
            KeyValueHeadCount = 2,
            HeadSize = 32,
            RotaryBase = 1e6,
            NormEpsilon = 1e-6,
            HasQueryKeyNorm = true,
            TiesEmbeddings = true,
        });
    }

    [TestMethod]
    public void Qwen2HasBiasesAndATiedHead()
    {
        AssertRead("a2d-qwen2", Tiny with
        {
            LayerCount = 2,
            KeyValueHeadCount = 2,
            RotaryBase = 1e6,
            NormEpsilon = 1e-6,
            HasAttentionBias = true,
            TiesEmbeddings = true,
        });
    }

    [TestMethod]
    public void LlamaStretchesItsAngles()
    {
        AssertRead("a2d-llama", Tiny with
        {
            LayerCount = 2,
            KeyValueHeadCount = 2,
            ContextLength = 1024,
            RotaryBase = 500000,
            TiesEmbeddings = true,
            HeadSize = 16,
            RotaryScaling = new RotaryScaling
            {
                Factor = 32, LowFrequencyFactor = 1, HighFrequencyFactor = 4, OriginalContextLength = 32,
            },
        });
    }

    [TestMethod]
    public void ModernBertHasLocalBlocksAndAPredictionHead()
    {
        AssertRead("modernbert", Tiny with
        {
            LayerCount = 4,
            FeedForwardSize = 96,
            Norm = NormKind.Layer,
            Activation = GateActivation.Gelu,
            RotaryBase = 160000,
            LocalAttention = new LocalAttention { Radius = 8, GlobalInterval = 3, RotaryBase = 10000 },
            TiesEmbeddings = true,
            HasEmbeddingNorm = true,
            HasPredictionHead = true,
        });
    }

    [TestMethod]
    [DataRow("llada", "block_type", "\"sequential\"")]
    [DataRow("llada", "scale_logits", "true")]
    [DataRow("llada", "include_bias", "true")]
    [DataRow("llada", "layer_norm_type", "\"low_precision\"")]
    [DataRow("llada", "clip_qkv", "8.0")]
    [DataRow("dream", "hidden_act", "\"gelu\"")]
    [DataRow("dream", "use_mrope", "true")]
    [DataRow("dream", "use_sliding_window", "true")]
    [DataRow("a2d-qwen3", "attention_bias", "true")]
    [DataRow("a2d-qwen3", "layer_types", "[\"full_attention\",\"sliding_attention\",\"full_attention\"]")]
    [DataRow("a2d-qwen3", "logit_softcap", "30.0")]
    [DataRow("a2d-llama", "mlp_bias", "true")]
    [DataRow("a2d-llama", "rope_scaling", "{\"rope_type\":\"yarn\",\"factor\":4.0}")]
    [DataRow("a2d-llama", "rope_scaling", "{\"rope_type\":\"llama3\",\"factor\":4.0,\"attention_factor\":2.0}")]
    [DataRow("a2d-llama", "rope_scaling", "{\"rope_type\":\"llama3\",\"original_max_position_embeddings\":8192}")]
    [DataRow("a2d-llama", "rope_scaling", "{\"factor\":4.0,\"original_max_position_embeddings\":8192}")]
    [DataRow("modernbert", "norm_bias", "true")]
    [DataRow("modernbert", "hidden_activation", "\"relu\"")]
    [DataRow("modernbert", "position_embedding_type", "\"relative_key\"")]
    [DataRow("modernbert", "layer_types", "[\"full_attention\"]")]
    public void WhatChangesTheArithmeticIsRefusedByName(string name, string field, string value)
    {
        using var folder = new PublishedFolder(name);
        folder.Edit("config.json", json => json[field] = JsonNode.Parse(value));
        InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() => HubFolder.Open(folder.Path));
        Assert.Contains(field, error.Message);
    }

    [TestMethod]
    [DataRow("llada", "d_model", "\"wide\"", "a whole number")]
    [DataRow("llada", "n_heads", "3", "HeadCount")]
    [DataRow("llada", "mask_token_id", "121", "MaskTokenId")]
    [DataRow("dream", "rope_theta", "true", "a number")]
    [DataRow("dream", "num_hidden_layers", "1000000000", "LayerCount")]
    [DataRow("a2d-qwen2", "num_key_value_heads", "3", "KeyValueHeadCount")]
    [DataRow("a2d-qwen2", "tie_word_embeddings", "1", "true or false")]
    [DataRow("a2d-llama", "rope_scaling", "7", "an object")]
    [DataRow("modernbert", "model_type", "\"bert\"", "bert")]
    [DataRow("modernbert", "model_type", "3", "model_type")]
    public void ValuesThatCannotBeAreRefused(string name, string field, string value, string expected)
    {
        using var folder = new PublishedFolder(name);
        folder.Edit("config.json", json => json[field] = JsonNode.Parse(value));
        InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() => HubFolder.Open(folder.Path));
        Assert.Contains(expected, error.Message);
        Assert.Contains("config.json", error.Message);
    }

    [TestMethod]
    public void EveryMissingSizeIsNamedAtOnce()
    {
        using var folder = new PublishedFolder("dream");
        folder.Edit("config.json", json =>
        {
            json.Remove("hidden_size");
            json.Remove("vocab_size");
        });
        string message = Assert.ThrowsExactly<InvalidDataException>(() => HubFolder.Open(folder.Path)).Message;
        Assert.Contains("\"hidden_size\" is missing", message);
        Assert.Contains("\"vocab_size\" is missing", message);
    }

    [TestMethod]
    [DataRow("a2d-qwen3", "unheard_of", "false")]
    [DataRow("a2d-qwen3", "unheard_of", "null")]
    [DataRow("a2d-qwen3", "unheard_of", "[]")]
    [DataRow("a2d-qwen3", "id2label", "{\"0\":\"a\"}")]
    [DataRow("dream", "sliding_window", "131072")]
    [DataRow("a2d-qwen3", "rope_scaling", "{\"rope_type\":\"default\",\"factor\":8.0}")]
    [DataRow("llada", "init_std", "0.1")]
    [DataRow("modernbert", "reference_compile", "true")]
    public void WhatIsOffOrDescribesTheFileOnlyIsPassedOver(string name, string field, string value)
    {
        using var folder = new PublishedFolder(name);
        TransformerConfig before = HubFolder.Open(folder.Path).Config;
        folder.Edit("config.json", json => json[field] = JsonNode.Parse(value));
        Assert.AreEqual(before, HubFolder.Open(folder.Path).Config);
    }

    [TestMethod]
    public void BasesInNewerFilesAreTheSame()
    {
        using var qwen = new PublishedFolder("a2d-qwen3");
        TransformerConfig before = HubFolder.Open(qwen.Path).Config;
        qwen.Edit("config.json", json =>
        {
            json.Remove("rope_theta");
            json["rope_parameters"] = new JsonObject { ["rope_type"] = "default", ["rope_theta"] = 1e6 };
        });
        Assert.AreEqual(before, HubFolder.Open(qwen.Path).Config);
        using var bert = new PublishedFolder("modernbert");
        before = HubFolder.Open(bert.Path).Config;
        bert.Edit("config.json", json =>
        {
            json.Remove("global_rope_theta");
            json.Remove("local_rope_theta");
            json["rope_parameters"] = new JsonObject
            {
                ["full_attention"] = new JsonObject { ["rope_type"] = "default", ["rope_theta"] = 160000.0 },
                ["sliding_attention"] = new JsonObject { ["rope_type"] = "default", ["rope_theta"] = 10000.0 },
            };
        });
        Assert.AreEqual(before, HubFolder.Open(bert.Path).Config);
    }

    private static void AssertRead(string name, TransformerConfig expected)
    {
        using var folder = new PublishedFolder(name);
        HubFolder opened = HubFolder.Open(folder.Path);
        Assert.AreEqual(name, opened.Config.Name);
        Assert.AreEqual(expected with { Name = name }, opened.Config);
    }
}

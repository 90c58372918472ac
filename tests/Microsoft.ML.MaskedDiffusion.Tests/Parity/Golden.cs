using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The figures computed with the reference implementation, in the folder that MDM_GOLDEN names.</summary>
internal static class Golden
{
    /// <summary>The folder; without it the test is reported as not run.</summary>
    public static string RequireFolder()
    {
        string? folder = Environment.GetEnvironmentVariable("MDM_GOLDEN");
        if (string.IsNullOrEmpty(folder))
            Assert.Inconclusive("MDM_GOLDEN names no folder with the reference implementation's figures.");
        if (!File.Exists(Path.Combine(folder!, "tolerances.json")))
            Assert.Fail($"MDM_GOLDEN names {folder}, which holds no tolerances.json.");
        return folder!;
    }

    public static string PathOf(params string[] parts) => Path.Combine([RequireFolder(), .. parts]);

    public static SafetensorsReader Open(params string[] parts) => SafetensorsReader.Open(PathOf(parts));

    public static JsonElement Json(params string[] parts)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(PathOf(parts)));
        return document.RootElement.Clone();
    }

    /// <summary>A number of tolerances.json, such as ("bf16", "train5_exact", "loss_rel").</summary>
    public static double Tolerance(params string[] keys)
    {
        JsonElement at = Json("tolerances.json");
        foreach (string key in keys)
            at = at.GetProperty(key);
        return at.GetDouble();
    }

    /// <summary>The configuration of the tiny networks.</summary>
    public static TransformerConfig TinyConfig(RotaryPrecision precision, bool autoregressive = false) => new()
    {
        Name = "tiny",
        LayerCount = 3,
        HeadCount = 4,
        EmbeddingSize = 64,
        FeedForwardSize = 176,
        VocabularySize = 97,
        ContextLength = 64,
        RotaryPrecision = precision,
        Autoregressive = autoregressive,
    };

    /// <summary>A tiny network with its recorded weights.</summary>
    public static TransformerNetwork Tiny(
        RotaryPrecision precision = RotaryPrecision.BFloat16, bool autoregressive = false, ScalarType type = ScalarType.Float32)
    {
        var network = new TransformerNetwork(TinyConfig(precision, autoregressive), CPU, type);
        WeightFiles.Load(PathOf(autoregressive ? "tiny_arm.safetensors" : "tiny_mdm.safetensors"), network);
        return network;
    }
}

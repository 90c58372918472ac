using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// The figures computed with the reference implementation: the full set in the folder that the environment variable MDM_GOLDEN names,
/// or else the compact set that is part of these tests (its README.md says what was left out). Both have the same layout, so the same
/// tests run on both.
/// </summary>
internal static class Golden
{
    /// <summary>The folder of the figures. A test that reads a file which is not in it fails.</summary>
    public static string Folder { get; } = Environment.GetEnvironmentVariable("MDM_GOLDEN") is { Length: > 0 } named
        ? named
        : Path.Combine(AppContext.BaseDirectory, "Golden");

    public static string PathOf(params string[] parts)
    {
        string path = Path.Combine([Folder, .. parts]);
        if (!Path.Exists(path))
        {
            Assert.Fail($"The reference figures in {Folder} lack {Path.Combine(parts)}. "
                + "Name a folder with the full set in MDM_GOLDEN, or unset it to use the compact set.");
        }
        return path;
    }

    public static SafetensorsReader Open(params string[] parts) => SafetensorsReader.Open(PathOf(parts));

    /// <summary>A tensor of 64-bit floats, row by row.</summary>
    public static double[] Doubles(SafetensorsReader reader, string name)
    {
        SafetensorsEntry entry = reader.Entries.Single(entry => entry.Name == name);
        var values = new double[entry.Shape.Aggregate(1L, (product, size) => product * size)];
        reader.ReadBytes(entry, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

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
        StoredWeights.Load(PathOf(autoregressive ? "tiny_arm.safetensors" : "tiny_mdm.safetensors"), network);
        return network;
    }
}

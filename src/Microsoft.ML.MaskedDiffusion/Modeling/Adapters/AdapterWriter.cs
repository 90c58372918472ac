using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Adapters;

/// <summary>Writes an adapter as a folder in PEFT's layout, which appears whole or not at all.</summary>
internal static class AdapterWriter
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>Writes the folder, which must not be there or be empty.</summary>
    /// <exception cref="IOException">The disk refuses, or the folder holds something.</exception>
    public static void Write(LoraAdapter adapter, string path) => NewFolder.Write(path, "adapter", folder =>
    {
        DurableFiles.Create(Path.Combine(folder, AdapterFiles.Config), stream => stream.Write(ConfigOf(adapter)));
        DurableFiles.Create(Path.Combine(folder, AdapterFiles.Weights),
            stream => SafetensorsWriter.WriteModel(stream, adapter.Factors.SelectMany(layer => TensorsOf(layer, adapter.Rank))));
    });

    private static byte[] ConfigOf(LoraAdapter adapter)
    {
        var json = new JsonObject
        {
            ["alpha_pattern"] = new JsonObject(),
            ["auto_mapping"] = null,
            ["base_model_name_or_path"] = null,
            ["bias"] = "none",
            ["fan_in_fan_out"] = false,
            ["inference_mode"] = true,
            ["init_lora_weights"] = true,
            ["layers_pattern"] = null,
            ["layers_to_transform"] = null,
            ["lora_alpha"] = adapter.Alpha,
            ["lora_dropout"] = 0.0,
            ["modules_to_save"] = null,
            ["peft_type"] = AdapterFiles.Kind,
            ["r"] = adapter.Rank,
            ["rank_pattern"] = new JsonObject(),
            ["revision"] = null,
            ["target_modules"] = new JsonArray([.. adapter.Targets.Select(target => JsonValue.Create(target))]),
            ["task_type"] = adapter.TaskType,
            ["use_dora"] = false,
            ["use_rslora"] = false,
        };
        return JsonSerializer.SerializeToUtf8Bytes(json, Indented);
    }

    private static WrittenTensor[] TensorsOf(LoraFactors layer, int rank) =>
    [
        new(AdapterFiles.NameOfA(layer.Name), ScalarType.Float32, [rank, layer.A.Length / rank],
            () => tensor(layer.A, rank, layer.A.Length / rank)),
        new(AdapterFiles.NameOfB(layer.Name), ScalarType.Float32, [layer.B.Length / rank, rank],
            () => tensor(layer.B, layer.B.Length / rank, rank)),
    ];
}

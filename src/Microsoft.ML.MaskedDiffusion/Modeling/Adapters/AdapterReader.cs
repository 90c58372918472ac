using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Modeling.Families;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Adapters;

/// <summary>
/// Reads an adapter in PEFT's layout. Whatever is wrong with a file is an <see cref="InvalidDataException"/> that names it.
/// </summary>
internal static class AdapterReader
{
    // Fields that make an adapter another computation than W + s B A with one rank and one factor for all layers.
    private static readonly string[] Others =
    [
        "use_dora", "fan_in_fan_out", "lora_bias", "modules_to_save", "rank_pattern", "alpha_pattern", "layer_replication",
        "trainable_token_indices", "target_parameters", "use_qalora", "alora_invocation_tokens", "arrow_config",
    ];

    // The named ways to begin an adapter that leave the base's weights as they are.
    private static readonly string[] PlainStarts = ["gaussian", "eva", "orthogonal"];

    /// <exception cref="FileNotFoundException">One of the two files is not there.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or the adapter is of another kind.</exception>
    public static LoraAdapter Read(string folder)
    {
        string config = Require(folder, AdapterFiles.Config, "which describes the adapter");
        string weights = Require(folder, AdapterFiles.Weights,
            $"which holds its weights; {AdapterFiles.OtherWeights} is not read, because it can hold code");
        using JsonDocument document = JsonFile.ReadConfig(config);
        try
        {
            return Read(document.RootElement, config, weights);
        }
        catch (InvalidOperationException error)
        {
            // Half a surrogate pair in a text.
            throw new InvalidDataException($"{config}: this is no JSON that can be read: {error.Message}", error);
        }
    }

    private static LoraAdapter Read(JsonElement root, string config, string weights)
    {
        var faults = new FaultList(config);
        if (root.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException($"{config}: expected a JSON object with the adapter's settings, got a JSON {root.ValueKind}.");
        if (Text(root, "peft_type") is var kind && kind != AdapterFiles.Kind)
            faults.Add($"\"peft_type\" is {Shown(kind)}, expected is \"{AdapterFiles.Kind}\"");
        if (Text(root, "bias") is { } bias && bias != "none")
            faults.Add($"\"bias\" is {Shown(bias)}, expected is \"none\": biases are not adapted");
        foreach (string name in Others)
            if (root.TryGetProperty(name, out JsonElement value) && !HubConfig.MeansOff(value))
                faults.Add($"\"{name}\" is {FaultList.Quote(value.GetRawText())}, which this library does not compute");
        // These compute the factors from the base's weights, which they change as well.
        if (Text(root, "init_lora_weights") is { } start && !PlainStarts.Contains(start))
        {
            faults.Add($"\"init_lora_weights\" is {FaultList.Quote(start)}, which may change the base's weights too; save the adapter with "
                + "PEFT's path_initial_model_for_weight_conversion, which makes it one for the weights as they were");
        }
        int rank = 1;
        if (!root.TryGetProperty("r", out JsonElement r) || r.ValueKind != JsonValueKind.Number || !r.TryGetInt32(out rank)
            || rank is < 1 or > LoraAdapter.HighestRank)
            faults.Add($"\"r\", the rank, is no whole number from 1 to {LoraAdapter.HighestRank}");
        double alpha = 1;
        if (!root.TryGetProperty("lora_alpha", out JsonElement a) || a.ValueKind != JsonValueKind.Number || !a.TryGetDouble(out alpha)
            || !double.IsFinite(alpha))
            faults.Add("\"lora_alpha\" is no number");
        faults.ThrowIfAny();
        // Rank-stabilised LoRA (Kalajdzievski, 2023) divides by the root of the rank.
        if (root.TryGetProperty("use_rslora", out JsonElement stabilised) && stabilised.ValueKind == JsonValueKind.True)
            alpha *= Math.Sqrt(rank);
        LoraFactors[] factors = ReadFactors(weights, rank);
        return new LoraAdapter(rank, alpha, TargetsOf(root) ?? [.. factors.Select(layer => layer.Name)], factors, Text(root, "task_type"));
    }

    private static LoraFactors[] ReadFactors(string path, int rank)
    {
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        var faults = new FaultList(path);
        var names = new List<string>();
        foreach (SafetensorsEntry entry in reader.Entries)
        {
            string quoted = FaultList.Quote(entry.Name);
            if (AdapterFiles.LayerOf(entry.Name) is not { } layer)
                faults.Add($"tensor {quoted} is neither factor of a layer");
            else if (entry.Shape.Length != 2 || entry.Shape[entry.Name == AdapterFiles.NameOfA(layer) ? 0 : 1] != rank)
                faults.Add($"tensor {quoted} has shape {entry.ShapeText}, which is not of rank {rank}");
            else if (!reader.TryFind(AdapterFiles.NameOfA(layer), out _) || !reader.TryFind(AdapterFiles.NameOfB(layer), out _))
                faults.Add($"tensor {quoted} has no other factor beside it");
            else if (!names.Contains(layer))
                names.Add(layer);
        }
        if (reader.Entries.Count == 0)
            faults.Add("there are no tensors");
        faults.ThrowIfAny();
        return [.. names.Select(name => new LoraFactors(
            name, Finite(reader, AdapterFiles.NameOfA(name)), Finite(reader, AdapterFiles.NameOfB(name))))];
    }

    private static float[] Finite(SafetensorsReader reader, string tensor)
    {
        float[] values = reader.ReadSingles(tensor);
        return WeightFiles.IsFinite(values) ? values : throw new InvalidDataException(
            $"{reader.File}: tensor {FaultList.Quote(tensor)} holds numbers that are not finite (NaN or infinity).");
    }

    // A list of names; PEFT also allows a pattern, which says no more than the tensors do.
    private static string[]? TargetsOf(JsonElement root)
    {
        bool isList = root.TryGetProperty("target_modules", out JsonElement targets) && targets.ValueKind == JsonValueKind.Array
            && targets.EnumerateArray().All(target => target.ValueKind == JsonValueKind.String);
        return isList ? [.. targets.EnumerateArray().Select(target => target.GetString()!)] : null;
    }

    private static string Require(string folder, string name, string what)
    {
        string path = Path.Combine(folder, name);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{folder}: there is no {name}, {what}.", path);
    }

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string Shown(string? text) => text is null ? "no text" : FaultList.Quote(text);
}

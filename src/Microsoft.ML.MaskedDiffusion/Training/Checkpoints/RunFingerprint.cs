using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Training.Objectives;
using TorchSharp;

namespace Microsoft.ML.MaskedDiffusion.Training.Checkpoints;

/// <summary>
/// All that shapes the final weights of a run, by name: options, network, data, arithmetic. What only watches a run is left out.
/// </summary>
internal static class RunFingerprint
{
    private static readonly HashSet<string> Watching =
        [nameof(TrainingSettings.Clock), nameof(TrainingSettings.CancelBehavior), nameof(TrainingSettings.ProgressInterval), nameof(
            TrainingSettings.Checkpoints),
        nameof(TrainingSettings.ActivationCheckpointing)];

    public static SortedDictionary<string, string> Of(TransformerConfig config, TransformerNetwork? initial, torch.Device device,
        ITrainingObjective objective, ITokenBlocks blocks, ITokenBlocks? validation,
        TrainingSettings settings)
    {
        var traits = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["Training arithmetic"] = string.Create(CultureInfo.InvariantCulture, $"version {TrainingArithmetic.Version}"),
            ["Initial weights"] = initial is null ? "drawn from the seed" : "SHA-256 " + HashOf(initial),
            ["Objective"] = objective.GetType().Name,
            ["Device"] = device.type.ToString(),
            ["Training data"] = Describe(blocks),
            ["Validation data"] = validation is null ? "none" : Describe(validation),
        };
        AddProperties(traits, "Network.", config);
        // By reflection, so that a setting added later cannot be forgotten here.
        AddProperties(traits, "", settings);
        foreach ((string name, string value) in settings.Checkpoints?.Traits ?? new Dictionary<string, string>())
            traits[name] = value;
        return traits;
    }

    /// <summary>Each difference as "name: was, is"; none for equal runs.</summary>
    public static IReadOnlyList<string> Differences(
        IReadOnlyDictionary<string, string> was, IReadOnlyDictionary<string, string> now, string where = "in the checkpoint") =>
    [
        .. was.Keys.Union(now.Keys).Order(StringComparer.Ordinal).Where(name => was.GetValueOrDefault(name) != now.GetValueOrDefault(name))
            .Select(name => $"{name}: {was.GetValueOrDefault(name, "(nothing)")} {where}, {now.GetValueOrDefault(name, "(nothing)")} now"),
    ];

    private static void AddProperties<T>(SortedDictionary<string, string> traits, string prefix, T values)
    {
        foreach (PropertyInfo property in typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (property.CanWrite && !Watching.Contains(property.Name))
                traits[prefix + property.Name] = Convert.ToString(
                    property.GetValue(values), CultureInfo.InvariantCulture) is { Length: > 0 } text ? text : "null";
        }
    }

    private static string HashOf(TransformerNetwork network)
    {
        using var hashing = new HashingStream(Stream.Null);
        SafetensorsWriter.Write(hashing, network.Parameters.Select(item => KeyValuePair.Create(item.Key, (torch.Tensor)item.Value)));
        return Convert.ToHexStringLower(hashing.Hash());
    }

    private static string Describe(ITokenBlocks blocks)
    {
        if (blocks.Identity is { } identity)
            return identity;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = new long[blocks.Length];
        for (int i = 0; i < blocks.Count; i++)
        {
            blocks.Read(i, block);
            RowExtent extent = blocks.Extent(i);
            hash.AppendData(MemoryMarshal.AsBytes<long>(block));
            hash.AppendData(MemoryMarshal.AsBytes<int>([extent.Prompt, extent.Length]));
        }
        return string.Create(CultureInfo.InvariantCulture,
            $"{blocks.Count} blocks of {blocks.Length} tokens, SHA-256 {Convert.ToHexStringLower(hash.GetHashAndReset())}");
    }
}

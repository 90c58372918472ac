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
/// Numbers the arithmetic that leads from settings, network and data to weights. A checkpoint with another number is not resumed, because
/// the rest of the run would not continue what was begun. Everything else in the library may change without affecting a checkpoint.
/// </summary>
internal static class TrainingArithmetic
{
    /// <summary>
    /// Raise this by one with any change that gives a run other bits on the same machine: the operations of a kernel or their order, the
    /// random streams and what is drawn from them, the order and packing of blocks, objective, clipping, optimizer, schedule, averaging,
    /// initialisation.
    /// </summary>
    public const int Version = 1;
}

/// <summary>
/// All that shapes the final weights of a run, by name: options, network, data, arithmetic. What only observes a run is left out.
/// </summary>
internal static class RunFingerprint
{
    private static readonly HashSet<string> Observers =
    [
        nameof(TrainingSettings.Clock), nameof(TrainingSettings.CancelBehavior), nameof(TrainingSettings.ProgressInterval),
        nameof(TrainingSettings.Checkpoints), nameof(TrainingSettings.ActivationCheckpointing),
    ];

    /// <summary>The fingerprint of a run.</summary>
    /// <param name="config">The network's shape.</param>
    /// <param name="initial">The network that the run starts from; null if the weights are drawn from the seed.</param>
    /// <param name="device">Where the run computes.</param>
    /// <param name="objective">What is minimised.</param>
    /// <param name="blocks">The training data; they are read if they have no identity.</param>
    /// <param name="validation">The validation data, or null.</param>
    /// <param name="settings">The settings of the run.</param>
    public static SortedDictionary<string, string> Of(
        TransformerConfig config, TransformerNetwork? initial, torch.Device device, ITrainingObjective objective, ITokenBlocks blocks,
        ITokenBlocks? validation, TrainingSettings settings)
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
        // Reflection makes sure that a setting which is added later cannot be forgotten here.
        AddProperties(traits, "", settings);
        foreach ((string name, string value) in settings.Checkpoints?.Traits ?? new Dictionary<string, string>())
            traits[name] = value;
        return traits;
    }

    private static void AddProperties<T>(SortedDictionary<string, string> traits, string prefix, T values)
    {
        foreach (PropertyInfo property in typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (!property.CanWrite || Observers.Contains(property.Name))
                continue;
            string? text = Convert.ToString(property.GetValue(values), CultureInfo.InvariantCulture);
            traits[prefix + property.Name] = string.IsNullOrEmpty(text) ? "null" : text;
        }
    }

    private static string HashOf(TransformerNetwork network)
    {
        using var hashing = new HashingStream(Stream.Null);
        SafetensorsWriter.Write(hashing, network.Parameters.Select(item => KeyValuePair.Create(item.Key, (torch.Tensor)item.Value)));
        return hashing.Hash;
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
        string digest = Convert.ToHexStringLower(hash.GetHashAndReset());
        return string.Create(CultureInfo.InvariantCulture, $"{blocks.Count} blocks of {blocks.Length} tokens, SHA-256 {digest}");
    }
}

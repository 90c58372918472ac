using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Numerics.Matrices;
using Microsoft.ML.MaskedDiffusion.Training.Adapters;
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
    public const int Version = 2;
}

/// <summary>
/// All that shapes the final weights of a run, by name: options, network, data, arithmetic. What only observes a run is left out.
/// </summary>
internal static class RunFingerprint
{
    /// <summary>The names of what a resumed run may take from its checkpoint.</summary>
    public const string MicroBatchSize = "MicroBatchSize", VirtualRanks = "VirtualRanks";

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
            ["Initial weights"] = initial is null ? "drawn from the seed" : "SHA-256 " + SafetensorsWriter.HashOf(initial.Parameters),
            ["Objective"] = objective.Name,
            ["Device"] = Text(device.type),
            ["Training data"] = Describe(blocks),
            ["Validation data"] = validation is null ? "none" : Describe(validation),
        };
        foreach ((string name, string value) in OfNetwork(config).Concat(OfSettings(settings)))
            traits[name] = value;
        // With one micro batch a step there is no difference. The first builds divided by micro batches only, and did not say so.
        if (settings.LossDivisor == LossDivisor.Batch && settings.Accumulation > 1)
            traits["LossDivisor"] = "Batch";
        if (device.type == DeviceType.CPU && settings.Precision == Precision.BFloat16Mixed && HasLargeProducts(config, blocks, settings))
            traits["BFloat16 products"] = "libtorch's, the vocabulary's in slices";
        foreach ((string name, string value) in settings.Traits)
            traits[name] = value;
        return traits;
    }

    /// <summary>The network's part. The names are those in checkpoints and never change, whatever the properties are called.</summary>
    internal static IEnumerable<KeyValuePair<string, string>> OfNetwork(TransformerConfig config) =>
    [
        new("Network.Name", config.Name),
        new("Network.LayerCount", Text(config.LayerCount)),
        new("Network.HeadCount", Text(config.HeadCount)),
        new("Network.EmbeddingSize", Text(config.EmbeddingSize)),
        new("Network.FeedForwardSize", Text(config.FeedForwardSize)),
        new("Network.VocabularySize", Text(config.VocabularySize)),
        new("Network.ContextLength", Text(config.ContextLength)),
        new("Network.NormEpsilon", Text(config.NormEpsilon)),
        new("Network.RotaryPrecision", StoredEnum<RotaryPrecision>.NameOf(config.RotaryPrecision)),
        new("Network.Autoregressive", Text(config.Autoregressive)),
        .. OfVariant(config),
    ];

    // Where the network is not as the first checkpoints' were, which know nothing of these.
    private static IEnumerable<KeyValuePair<string, string>> OfVariant(TransformerConfig config)
    {
        var standard = new TransformerConfig
        {
            LayerCount = config.LayerCount,
            HeadCount = config.HeadCount,
            EmbeddingSize = config.EmbeddingSize,
            FeedForwardSize = config.FeedForwardSize,
            VocabularySize = config.VocabularySize,
        };
        (string Name, Func<TransformerConfig, string> Of)[] traits =
        [
            ("HasLengthTokens", network => Text(network.HasLengthTokens)),
            ("KeyValueHeadCount", network => Text(network.KeyValueHeadCount)),
            ("HeadSize", network => Text(network.HeadSize)),
            ("MaskTokenId", network => Text(network.MaskTokenId)),
            ("Norm", network => StoredEnum<NormKind>.NameOf(network.Norm)),
            ("Activation", network => StoredEnum<GateActivation>.NameOf(network.Activation)),
            ("HasAttentionBias", network => Text(network.HasAttentionBias)),
            ("HasQueryKeyNorm", network => Text(network.HasQueryKeyNorm)),
            ("RotaryBase", network => Text(network.RotaryBase)),
            ("RotaryScaling", network => network.RotaryScaling is { } scaling
                ? $"{Text(scaling.Factor)}, {Text(scaling.LowFrequencyFactor)} to {Text(scaling.HighFrequencyFactor)} of "
                    + Text(scaling.OriginalContextLength)
                : "none"),
            ("LocalAttention", network => network.LocalAttention is { } local
                ? $"{Text(local.Radius)} but every {Text(local.GlobalInterval)}, base {Text(local.RotaryBase)}"
                : "none"),
            ("TiesEmbeddings", network => Text(network.TiesEmbeddings)),
            ("HasEmbeddingNorm", network => Text(network.HasEmbeddingNorm)),
            ("HasPredictionHead", network => Text(network.HasPredictionHead)),
            ("ShiftsLogits", network => Text(network.ShiftsLogits)),
            ("UniformShare", network => Text(network.UniformShare)),
            ("AttentionBlockSize", network => Text(network.AttentionBlockSize)),
        ];
        foreach ((string name, Func<TransformerConfig, string> of) in traits)
        {
            string value = of(config);
            if (value != of(standard))
                yield return new("Network." + name, value);
        }
    }

    /// <summary>
    /// The settings' part: all except those that only observe a run. The names are those in checkpoints and never change, whatever the
    /// properties are called.
    /// </summary>
    internal static IEnumerable<KeyValuePair<string, string>> OfSettings(TrainingSettings settings) =>
    [
        new("MaxSteps", Text(settings.MaxSteps)),
        new("MaxSeconds", Text(settings.MaxSeconds)),
        new("BatchSize", Text(settings.BatchSize)),
        new(MicroBatchSize, Text(settings.MicroBatchSize)),
        new("StochasticLengthRatio", Text(settings.StochasticLengthRatio)),
        new("LearningRate", Text(settings.LearningRate)),
        new("MinLearningRateRatio", Text(settings.MinLearningRateRatio)),
        new("WarmupSteps", Text(settings.WarmupSteps)),
        new("Beta1", Text(settings.Beta1)),
        new("Beta2", Text(settings.Beta2)),
        new("Epsilon", Text(TrainingSettings.Epsilon)),
        new("WeightDecay", Text(settings.WeightDecay)),
        new("DecayNormGains", Text(settings.DecayNormGains)),
        new("GradientClipNorm", Text(settings.GradientClipNorm)),
        new("EmaDecay", Text(settings.EmaDecay)),
        new("ValidationInterval", Text(settings.ValidationInterval)),
        new("ValidationSamples", Text(settings.ValidationSamples)),
        new("MaxValidationBlocks", Text(settings.MaxValidationBlocks)),
        new("EarlyStoppingPatience", Text(settings.EarlyStoppingPatience)),
        new("Seed", Text(settings.Seed)),
        new("Precision", StoredEnum<Precision>.NameOf(settings.Precision)),
        .. OfLora(settings.Lora),
        .. OfRanks(settings.VirtualRanks),
    ];

    // The first checkpoints know nothing of ranks.
    private static IEnumerable<KeyValuePair<string, string>> OfRanks(int virtualRanks)
    {
        if (virtualRanks > 1)
            yield return new(VirtualRanks, Text(virtualRanks));
    }

    // The first checkpoints know nothing of adapters.
    private static IEnumerable<KeyValuePair<string, string>> OfLora(LoraSettings? lora)
    {
        if (lora is not null)
            yield return new("Lora", $"rank {Text(lora.Rank)}, alpha {Text(lora.Alpha)}, {string.Join(", ", lora.Targets)}");
    }

    // Whether products go another way on this processor than on one without bfloat16 instructions, which gives other bits.
    private static bool HasLargeProducts(TransformerConfig config, ITokenBlocks blocks, TrainingSettings settings)
    {
        int tokens = settings.MicroBatchSize * blocks.Length, d = config.EmbeddingSize;
        return BFloat16Product.Fits(tokens, Math.Max(Math.Max(config.FeedForwardSize, 3 * d), config.VocabularySize), d);
    }

    private static string Text(IFormattable? value) => value?.ToString(null, CultureInfo.InvariantCulture) ?? "null";

    private static string Text(bool value) => value ? "True" : "False";

    // Checkpoints name devices as TorchSharp did when they were first written.
    private static string Text(DeviceType device) => device switch
    {
        DeviceType.CPU => "CPU",
        DeviceType.CUDA => "CUDA",
        _ => device.ToString(),
    };

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

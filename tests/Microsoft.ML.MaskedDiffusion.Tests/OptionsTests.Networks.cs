namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <content>The shapes of networks, with the values that each of their properties must refuse.</content>
public sealed partial class OptionsTests
{
    private static Subject[] NetworkSubjects =>
    [
        // A record: a copy of the preset is spoiled through its init accessors.
        new Subject<TransformerConfig>(TransformerConfig.FromPreset("6M"), o => o.Validate(), new()
        {
            [nameof(TransformerConfig.Name)] = BadNames,
            [nameof(TransformerConfig.LayerCount)] = [.. BadCounts, 1025, int.MaxValue],
            [nameof(TransformerConfig.HeadCount)] = [.. BadCounts, 3, 256, int.MaxValue],
            [nameof(TransformerConfig.EmbeddingSize)] = [.. BadCounts, 1, 65538, int.MaxValue],
            [nameof(TransformerConfig.FeedForwardSize)] = [.. BadCounts, (1 << 20) + 1, int.MaxValue],
            [nameof(TransformerConfig.VocabularySize)] = [.. BadCounts, (1 << 24) + 1, int.MaxValue],
            [nameof(TransformerConfig.ContextLength)] = [.. BadCounts, (1 << 20) + 1, int.MaxValue],
            [nameof(TransformerConfig.NormEpsilon)] = [0.0, -1e-5, 1.0, double.NaN, double.PositiveInfinity],
            [nameof(TransformerConfig.RotaryPrecision)] = [(RotaryPrecision)(-1), (RotaryPrecision)9],
            [nameof(TransformerConfig.KeyValueHeadCount)] = [.. BadCounts, 3, 8],
            [nameof(TransformerConfig.HeadSize)] = [.. BadCounts, 1, 7, 65538],
            [nameof(TransformerConfig.MaskTokenId)] = [-1, 32001, int.MaxValue],
            [nameof(TransformerConfig.Norm)] = [(NormKind)(-1), (NormKind)9],
            [nameof(TransformerConfig.Activation)] = [(GateActivation)(-1), (GateActivation)9],
            [nameof(TransformerConfig.RotaryBase)] = [1.0, -1.0, 1e13, double.NaN, double.PositiveInfinity],
            [nameof(TransformerConfig.AttentionBlockSize)] = [0, -1, (1 << 20) + 1],
            [nameof(TransformerConfig.UniformShare)] = [-0.1, 1.0, double.NaN],
        }, anything:
        [
            "Autoregressive", "HasLengthTokens", "HasAttentionBias", "HasQueryKeyNorm", "TiesEmbeddings", "HasEmbeddingNorm",
            "HasPredictionHead", "ShiftsLogits", "RotaryScaling", "LocalAttention",
        ]),

        new Subject<RotaryScaling>(Scaling, o => (TransformerConfig.FromPreset("6M") with { RotaryScaling = o }).Validate(), new()
        {
            [nameof(RotaryScaling.Factor)] = [0.5, -1.0, 1e7, double.NaN],
            [nameof(RotaryScaling.LowFrequencyFactor)] = [0.0, -1.0, 1e7, double.NaN],
            [nameof(RotaryScaling.HighFrequencyFactor)] = [1.0, 0.5, 1e7, double.PositiveInfinity, double.NaN],
            [nameof(RotaryScaling.OriginalContextLength)] = [.. BadCounts, (1 << 20) + 1, int.MaxValue],
        }, anything: []),

        new Subject<LocalAttention>(new(), o => (TransformerConfig.FromPreset("6M") with { LocalAttention = o }).Validate(), new()
        {
            [nameof(LocalAttention.Radius)] = [-1, (1 << 20) + 1, int.MaxValue],
            [nameof(LocalAttention.GlobalInterval)] = [.. BadCounts, 1025, int.MaxValue],
            [nameof(LocalAttention.RotaryBase)] = [1.0, -1.0, 1e13, double.NaN, double.PositiveInfinity],
        }, anything: []),
    ];

    private static RotaryScaling Scaling => new()
    {
        Factor = 8, LowFrequencyFactor = 1, HighFrequencyFactor = 4, OriginalContextLength = 8192,
    };
}

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>The network that tests of trainings train in no time.</summary>
internal static class TinyTraining
{
    public const int Length = 8;

    public static TransformerConfig Config { get; } = new()
    {
        LayerCount = 2,
        HeadCount = 2,
        EmbeddingSize = 32,
        FeedForwardSize = 64,
        VocabularySize = 12,
        ContextLength = Length,
    };
}

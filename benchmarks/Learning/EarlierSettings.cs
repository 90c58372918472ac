namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Learning;

/// <summary>
/// What the demo trained with before it took <see cref="TrainingRecipes.Fast"/>: the same network with a quarter of the vocabulary. The
/// autoregressive model so trained is what the recipe is measured against.
/// </summary>
internal static class EarlierSettings
{
    private const int VocabularySize = 2048;

    private static readonly TransformerConfig Network = new()
    {
        Name = "demo", LayerCount = 4, HeadCount = 4, EmbeddingSize = 128, FeedForwardSize = 512, VocabularySize = VocabularySize,
        ContextLength = 48,
    };

    /// <summary>Sets them.</summary>
    public static void Apply(TrainerOptions options)
    {
        (options.Network, options.Tokenizer) = (Network, TokenizerSource.TrainBytePairEncoding(VocabularySize));
        (options.BatchSize, options.LearningRate, options.WarmStart) = (24, 3e-3, 1 / 3.0);
        options.Optimizer = new OptimizerOptions();
        options.Noise = new NoiseOptions { LossWeighting = LossWeighting.Uniform, Levels = NoiseLevels.Stratified };
    }
}

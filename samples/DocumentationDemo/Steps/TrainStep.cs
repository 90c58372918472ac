using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;

namespace DocumentationDemo.Steps;

/// <summary>The trained model, how training went, and the settings as the report lists them.</summary>
internal sealed record TrainStep(
    LikelihoodScoringTransformer Transformer, TrainingResult Result, IReadOnlyList<(string Key, string Value)> Settings)
{
    private const int VocabularySize = 2048;

    // The best of the sizes tried for five minutes on two cores: a million parameters see the corpus seven times; a network of twice the
    // size sees it half as often and learns less. The context is about as long as the rows that are scored later.
    private static readonly TransformerConfig Network = new()
    {
        Name = "demo", LayerCount = 4, HeadCount = 4, EmbeddingSize = 128, FeedForwardSize = 512, VocabularySize = VocabularySize,
        ContextLength = 48,
    };

    /// <summary>How the demo trains.</summary>
    public static TrainerOptions OptionsOf(DemoOptions demo, IDataView validation, CancellationToken cancellationToken) => new()
    {
        TextColumnName = nameof(Corpus.CorpusRow.Text),
        Network = Network,
        Tokenizer = TokenizerSource.TrainBytePairEncoding(VocabularySize),
        Budget = { MaxSeconds = demo.Minutes * 60 },
        BatchSize = 24,
        LearningRate = 3e-3,
        // A third of the time as an autoregressive model: from masked tokens alone a network spends its first minute on word frequencies.
        WarmStart = 1 / 3.0,
        // All masked tokens have the same weight. In a run this short that learns faster than the weights of the likelihood bound.
        Noise = { LossWeighting = LossWeighting.Uniform, Levels = NoiseLevels.Stratified },
        ValidationSet = validation,
        Validation = { Interval = 1000 },
        Seed = demo.Seed,
        Progress = new ConsoleProgress(Console.Out),
        CancellationToken = cancellationToken,
    };

    public static TrainStep Run(
        MLContext ml, IDataView training, IDataView validation, DemoOptions demo, CancellationToken cancellationToken)
    {
        TrainerOptions options = OptionsOf(demo, validation, cancellationToken);
        LikelihoodScoringTransformer lm = ml.MaskedDiffusion().Trainer(options).Fit(training);
        TrainingResult result = lm.TrainingResult!;
        TransformerConfig config = lm.Model.Config;
        double tokensPerSecond = result.TokensSeen / result.Seconds, flops = 6.0 * config.NonEmbeddingParameterCount * tokensPerSecond;
        return new TrainStep(lm, result,
        [
            ("network", $"{config.LayerCount} layers, {config.HeadCount} heads, width {config.EmbeddingSize}, "
                + $"feed-forward {config.FeedForwardSize}, context {config.ContextLength} tokens"),
            ("parameters", $"{config.NonEmbeddingParameterCount:N0} outside embeddings, {config.ParameterCount:N0} in all"),
            ("tokenizer", $"byte-level byte-pair encoding, trained on the same rows, {lm.Model.Tokenizer.VocabularySize} tokens"),
            ("batch", $"{options.BatchSize} x {config.ContextLength} tokens"),
            ("optimizer", $"AdamW, learning rate {options.LearningRate} with warm-up and cosine decay, "
                + $"weight decay {options.Optimizer.WeightDecay}"),
            ("warm start", $"{options.WarmStart:P0} of the time as an autoregressive model"),
            ("loss weights", $"{options.Noise.LossWeighting}"),
            ("noise levels", $"{options.Noise.Levels}"),
            ("seed", $"{result.Seed}"),
            ("speed", $"{tokensPerSecond:N0} tokens/s, {flops / 1e9:N0} GFLOP/s (6 x parameters outside embeddings x tokens)"),
            ("runtime", $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, "
                + $"{Environment.ProcessorCount} cores"),
            ("library", $"Microsoft.ML.MaskedDiffusion {typeof(MaskedDiffusionTrainer).Assembly.GetName().Version?.ToString(3)}"),
        ]);
    }
}

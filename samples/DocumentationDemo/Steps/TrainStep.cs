using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;
using Samples.Shared;

namespace DocumentationDemo.Steps;

/// <summary>The trained model, how training went, and the settings as the report lists them.</summary>
internal sealed record TrainStep(MaskedDiffusionTransformer Transformer, TrainingResult Result, IReadOnlyList<(string Key, string Value)> Settings)
{
    private const int VocabularySize = 2048;

    // What five minutes of two cores use best of what was tried: a million parameters see the corpus seven times, twice as many see it half as often and
    // learn less; blocks are about as long as the rows they are to score.
    private static readonly TransformerConfig Network = new()
    {
        Name = "demo", LayerCount = 4, HeadCount = 4, EmbeddingSize = 128, FeedForwardSize = 512, VocabularySize = VocabularySize, ContextLength = 48,
    };

    public static TrainStep Run(MLContext ml, IDataView training, IDataView validation, DemoOptions demo, CancellationToken cancellationToken)
    {
        var options = new TrainerOptions
        {
            TextColumnName = nameof(Corpus.CorpusRow.Text),
            Network = Network,
            Tokenizer = TokenizerSource.TrainBytePairEncoding(VocabularySize),
            Budget = { MaxSeconds = demo.Minutes * 60 },
            BatchSize = 24,
            LearningRate = 3e-3,
            // Every masked token counts alike: a run this short leaves the unigram plateau sooner than with the bound's own weights.
            Noise = { LossWeighting = LossWeighting.Uniform, Levels = NoiseLevels.Stratified },
            ValidationSet = validation,
            Validation = { Interval = 1000 },
            Seed = demo.Seed,
            CancellationToken = cancellationToken,
        };
        MaskedDiffusionTransformer lm = SampleConsole.WithProgress(progress =>
        {
            options.Progress = progress;
            return ml.MaskedDiffusion().Trainer(options).Fit(training);
        });
        TrainingResult result = lm.TrainingResult!;
        TransformerConfig config = lm.Model.Config;
        return new TrainStep(lm, result,
        [
            ("network", $"{config.LayerCount} layers, {config.HeadCount} heads, width {config.EmbeddingSize}, feed-forward {config.FeedForwardSize}, context {config.ContextLength} tokens"),
            ("parameters", string.Create(CultureInfo.InvariantCulture, $"{config.NonEmbeddingParameterCount:N0} outside embeddings, {config.ParameterCount:N0} in all")),
            ("tokenizer", $"byte-level BPE trained on the corpus, {lm.Model.Tokenizer.VocabularySize} tokens"),
            ("batch", $"{options.BatchSize} x {config.ContextLength} tokens"),
            ("optimizer", string.Create(CultureInfo.InvariantCulture, $"AdamW, learning rate {options.LearningRate}, weight decay {options.Optimizer.WeightDecay}, warm-up and cosine")),
            ("loss", $"{options.Noise.LossWeighting} weights, {options.Noise.Levels} noise levels"),
            ("seed", $"{result.Seed}"),
            ("speed", string.Create(CultureInfo.InvariantCulture, $"{result.TokensSeen / result.Seconds:N0} tokens/s, {6.0 * config.NonEmbeddingParameterCount * result.TokensSeen / result.Seconds / 1e9:N0} GFLOP/s (6 x non-embedding parameters x tokens)")),
            ("runtime", $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {Environment.ProcessorCount} cores"),
            ("library", $"Microsoft.ML.MaskedDiffusion {typeof(MaskedDiffusionTrainer).Assembly.GetName().Version?.ToString(3)}"),
        ]);
    }
}

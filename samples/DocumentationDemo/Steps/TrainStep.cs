using System.Diagnostics;
using System.Runtime.InteropServices;
using DocumentationDemo.Corpus;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;

namespace DocumentationDemo.Steps;

/// <summary>The trained model, how training went, and the settings as the report lists them.</summary>
internal sealed record TrainStep(
    LikelihoodScoringTransformer Transformer, TrainingResult Result, IReadOnlyList<(string Key, string Value)> Settings)
{
    // About as long as most of the rows that are scored later.
    private const int ContextLength = 40;

    /// <summary>How the demo trains.</summary>
    public static TrainerOptions OptionsOf(
        DemoOptions demo, long corpusBytes, IDataView validation, CancellationToken cancellationToken, int? cores = null)
    {
        TrainerOptions options = TrainingRecipes.Fast(demo.Minutes, cores, corpusBytes, ContextLength);
        (options.TextColumnName, options.ValidationSet) = (nameof(CorpusRow.Text), validation);
        (options.Seed, options.Progress, options.CancellationToken) = (demo.Seed, new ConsoleProgress(Console.Out), cancellationToken);
        return options;
    }

    public static TrainStep Run(MLContext ml, CorpusSets sets, DemoOptions demo, CancellationToken cancellationToken)
    {
        TrainerOptions options = OptionsOf(demo, sets.Bytes, sets.Validation, cancellationToken);
        LikelihoodScoringTransformer lm = ml.MaskedDiffusion().Trainer(options).Fit(sets.Training);
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
            ("optimizer", $"AdamW, learning rate {options.LearningRate:0.####} with warm-up and cosine decay, "
                + $"weight decay {options.Optimizer.WeightDecay}, second decay rate {options.Optimizer.Beta2}"),
            ("warm start", $"{options.WarmStart:P0} of the time as an autoregressive model"),
            ("loss weights", $"{options.Noise.LossWeighting}"),
            ("noise levels", $"{options.Noise.Levels}"),
            ("seed", $"{result.Seed}"),
            ("speed", $"{tokensPerSecond:N0} tokens/s, {flops / 1e9:N0} GFLOP/s (6 x parameters outside embeddings x tokens)"),
            ("runtime", $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, "
                + $"{Environment.ProcessorCount} cores"),
            ("library", $"Microsoft.ML.MaskedDiffusion {LibraryVersion()}"),
        ]);
    }

    // Without the commit that it was built from.
    private static string? LibraryVersion() =>
        FileVersionInfo.GetVersionInfo(typeof(MaskedDiffusionTrainer).Assembly.Location).ProductVersion?.Split('+')[0];
}

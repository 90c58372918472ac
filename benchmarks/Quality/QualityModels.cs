using System.Globalization;
using DocumentationDemo;
using DocumentationDemo.Corpus;
using DocumentationDemo.Steps;
using Microsoft.ML.MaskedDiffusion.Benchmarks.Learning;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks.Quality;

/// <summary>
/// A masked diffusion model as the demo trained it earlier, and an autoregressive one of the same network, tokenizer, text and training
/// time, which judges what the other has written.
/// </summary>
internal sealed record QualityModels(MaskedDiffusionModel Masked, MaskedDiffusionModel Autoregressive) : IDisposable
{
    /// <summary>Opens both; where a path holds no model, it is trained and saved there.</summary>
    /// <exception cref="ArgumentException">The models have different tokenizers, or one is of the other kind.</exception>
    public static QualityModels Open(
        MLContext ml, CorpusSets sets, DemoOptions demo, long? steps, double? warmStart, int context, string maskedPath,
        string autoregressivePath, CancellationToken cancellation)
    {
        foreach (string path in new[] { maskedPath, autoregressivePath }.Where(path => !Exists(path)))
            RequirePlaceForModel(path);
        if (!Exists(maskedPath))
            Save(ml.MaskedDiffusion().Trainer(OptionsOf()).Fit(sets.Training), maskedPath);
        MaskedDiffusionModel masked = ml.MaskedDiffusion().OpenModel(maskedPath);
        if (!Exists(autoregressivePath))
        {
            TrainerOptions options = OptionsOf();
            options.Tokenizer = TokenizerSource.FromTokenizer(masked.Tokenizer);
            // Without noise there is nothing to set about it.
            (options.Noise, options.WarmStart) = (new NoiseOptions(), 0);
            Save(ml.MaskedDiffusion().AutoregressiveTrainer(options).Fit(sets.Training), autoregressivePath);
        }
        MaskedDiffusionModel autoregressive = ml.MaskedDiffusion().OpenModel(autoregressivePath);
        if (masked.Config.Autoregressive || !autoregressive.Config.Autoregressive)
            throw new ArgumentException("--model must be a masked diffusion model, and --autoregressive an autoregressive one.");
        if (masked.Tokenizer.ContentHash != autoregressive.Tokenizer.ContentHash)
            throw new ArgumentException("The two models have different tokenizers, so that one cannot judge the tokens of the other.");
        if (masked.Config.ContextLength != autoregressive.Config.ContextLength)
            throw new ArgumentException("The two models have contexts of different lengths.");
        return new QualityModels(masked, autoregressive);

        TrainerOptions OptionsOf()
        {
            TrainerOptions options = TrainStep.OptionsOf(demo, sets.Bytes, sets.Validation, cancellation);
            // The published figures are of models so trained.
            EarlierSettings.Apply(options);
            options.Network = options.Network with { ContextLength = context };
            options.WarmStart = warmStart ?? options.WarmStart;
            if (steps is not null)
                (options.MaxSteps, options.Budget) = (steps, new BudgetOptions());
            return options;
        }
    }

    public void Dispose()
    {
        Masked.Dispose();
        Autoregressive.Dispose();
    }

    /// <summary>Refuses a place where no model can be saved, before the training.</summary>
    public static void RequirePlaceForModel(string path)
    {
        if (path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException($"A new model is saved as .mdm or a folder, not as {path}.");
    }

    private static bool Exists(string path) => File.Exists(path) || Directory.Exists(path);

    private static void Save(LikelihoodScoringTransformer trained, string path)
    {
        using LikelihoodScoringTransformer own = trained;
        TrainingResult result = own.TrainingResult!;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{path}: {result.Steps:N0} steps, {result.Epochs:F1} epochs, {result.Seconds:N0} s, "
            + $"validation {result.ValidationLoss:F3} ± {result.ValidationStandardError:F3} nats a token"));
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
            Directory.CreateDirectory(folder);
        own.Model.Save(path);
    }
}

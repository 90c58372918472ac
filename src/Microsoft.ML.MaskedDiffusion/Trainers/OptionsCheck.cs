using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Numerics.Devices;
using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion.Trainers;

/// <summary>Checks a trainer's options: each message names the option, its value, what is allowed and what to do.</summary>
internal static class OptionsCheck
{
    public static void Validate(MaskedDiffusionTrainer.Options options, bool autoregressive)
    {
        CheckNames(options);
        CheckNetwork(options, autoregressive);
        CheckBudget(options);
        CheckBatches(options);
        CheckOptimizer(options);
        CheckValidation(options);
        CheckCheckpoints(options);
        FineTuningCheck.Validate(options, autoregressive);
        Require(Enum.IsDefined(options.CancelBehavior), nameof(options.CancelBehavior), options.CancelBehavior, "Throw or ReturnBestSoFar");
        Require(options.ProgressInterval >= 1, nameof(options.ProgressInterval), options.ProgressInterval, "at least 1");
        Require(Enum.IsDefined(options.NoiseLevels), nameof(options.NoiseLevels), options.NoiseLevels, "Independent or Stratified");
        Require(Enum.IsDefined(options.LossWeighting), nameof(options.LossWeighting), options.LossWeighting, "InverseNoiseLevel or Uniform");
        Require(Enum.IsDefined(options.Precision), nameof(options.Precision), options.Precision, "Float32 or BFloat16Mixed");
        if (autoregressive)
            CheckNoNoise(options);
        CheckDevice(options.Device);
    }

    private static void CheckNames(MaskedDiffusionTrainer.Options options)
    {
        List<(string Option, string? Name)> names =
        [
            (nameof(options.TextColumnName), options.TextColumnName),
            (nameof(options.NegativeLogLikelihoodColumnName), options.NegativeLogLikelihoodColumnName),
            (nameof(options.StandardErrorColumnName), options.StandardErrorColumnName),
            (nameof(options.TokenCountColumnName), options.TokenCountColumnName),
        ];
        if (options.PromptColumnName is not null)
            names.Add((nameof(options.PromptColumnName), options.PromptColumnName));
        if (options.ReasoningColumnName is not null)
            names.Add((nameof(options.ReasoningColumnName), options.ReasoningColumnName));
        for (int i = 0; i < names.Count; i++)
        {
            Require(!string.IsNullOrWhiteSpace(names[i].Name), names[i].Option, names[i].Name, "a column name that is not empty");
            for (int j = 0; j < i; j++)
                Require(names[i].Name != names[j].Name, names[i].Option, names[i].Name, $"another column than Options.{names[j].Option}; choose a name of its own");
        }
    }

    private static void CheckNetwork(MaskedDiffusionTrainer.Options options, bool autoregressive)
    {
        Require(options.Network is not null, nameof(options.Network), null, "a TransformerConfig, such as TransformerConfig.FromPreset(\"6M\")");
        Require(options.Tokenizer is not null, nameof(options.Tokenizer), null, "a TokenizerSource, such as TokenizerSource.TrainBytePairEncoding()");
        options.Network!.Validate("Options.Network.", "Options.Network.");
        Require(autoregressive || !options.Network.Autoregressive, "Network.Autoregressive", true, "false: a masked diffusion model sees the text on both sides");
        Require(options.Network.ContextLength >= 2, "Network.ContextLength", options.Network.ContextLength, "at least 2, so that there is text beside a masked token");
    }

    private static void CheckNoNoise(MaskedDiffusionTrainer.Options options)
    {
        const string Default = "the default: an autoregressive model is trained without noise and on whole blocks";
        Require(options.NoiseLevels == NoiseLevels.Independent, nameof(options.NoiseLevels), options.NoiseLevels, Default);
        Require(options.LossWeighting == LossWeighting.InverseNoiseLevel, nameof(options.LossWeighting), options.LossWeighting, Default);
        Require(options.StochasticLengthRatio == 0, nameof(options.StochasticLengthRatio), options.StochasticLengthRatio, Default);
    }

    private static void CheckDevice(string device)
    {
        try
        {
            DeviceChoice.Validate(device);
        }
        catch (ArgumentException)
        {
            Require(false, nameof(MaskedDiffusionTrainer.Options.Device), device, "\"auto\", \"cpu\", \"cuda\" or \"cuda:1\" with another number");
        }
    }

    private static void CheckBudget(MaskedDiffusionTrainer.Options options)
    {
        Require(options.MaxSteps is null or >= 1, nameof(options.MaxSteps), options.MaxSteps, "at least 1, or null");
        Require(options.MaxTokens is null or >= 1, nameof(options.MaxTokens), options.MaxTokens, "at least 1, or null");
        Require(options.MaxEpochs is null || IsPositive(options.MaxEpochs.Value), nameof(options.MaxEpochs), options.MaxEpochs, "above 0 and finite, or null");
        Require(options.MaxFlops is null || IsPositive(options.MaxFlops.Value), nameof(options.MaxFlops), options.MaxFlops, "above 0 and finite, or null");
        Require(options.MaxSeconds is null || IsPositive(options.MaxSeconds.Value), nameof(options.MaxSeconds), options.MaxSeconds, "above 0 and finite, or null");
    }

    private static void CheckBatches(MaskedDiffusionTrainer.Options options)
    {
        Require(options.BatchSize is >= 1 and <= 1 << 20, nameof(options.BatchSize), options.BatchSize, "1 to 1048576");
        Require(options.MicroBatchSize is null || (options.MicroBatchSize >= 1 && options.BatchSize % options.MicroBatchSize == 0), nameof(options.MicroBatchSize),
            options.MicroBatchSize, string.Create(CultureInfo.InvariantCulture, $"a divisor of Options.BatchSize {options.BatchSize}, or null"));
        Require(options.StochasticLengthRatio is >= 0 and <= 1, nameof(options.StochasticLengthRatio), options.StochasticLengthRatio, "0 to 1");
    }

    private static void CheckOptimizer(MaskedDiffusionTrainer.Options options)
    {
        Require(options.LearningRate is > 0 and <= 1, nameof(options.LearningRate), options.LearningRate, "above 0 and at most 1; 1e-3 suits small models");
        Require(options.MinLearningRateRatio is >= 0 and <= 1, nameof(options.MinLearningRateRatio), options.MinLearningRateRatio, "0 to 1");
        Require(options.WarmupSteps is null or >= 0, nameof(options.WarmupSteps), options.WarmupSteps, "at least 0, or null");
        Require(options.WarmupSteps is null || options.MaxSteps is null || options.WarmupSteps <= options.MaxSteps, nameof(options.WarmupSteps), options.WarmupSteps,
            string.Create(CultureInfo.InvariantCulture, $"at most Options.MaxSteps {options.MaxSteps}, or null for a tenth of a short run"));
        Require(options.WeightDecay is >= 0 and <= 1, nameof(options.WeightDecay), options.WeightDecay, "0 to 1");
        Require(options.Beta1 is >= 0 and < 1, nameof(options.Beta1), options.Beta1, "0 up to but not 1");
        Require(options.Beta2 is >= 0 and < 1, nameof(options.Beta2), options.Beta2, "0 up to but not 1");
        Require(options.GradientClipNorm > 0, nameof(options.GradientClipNorm), options.GradientClipNorm, "above 0; positive infinity for no clipping");
        Require(options.EmaDecay is null or (> 0 and < 1), nameof(options.EmaDecay), options.EmaDecay, "above 0 and below 1, such as 0.999, or null for no averaging");
    }

    private static void CheckValidation(MaskedDiffusionTrainer.Options options)
    {
        Require(options.ValidationInterval >= 1, nameof(options.ValidationInterval), options.ValidationInterval, "at least 1");
        Require(options.ValidationSamples is >= 1 and <= 1 << 20, nameof(options.ValidationSamples), options.ValidationSamples, "1 to 1048576");
        Require(options.MaxValidationBlocks >= 1, nameof(options.MaxValidationBlocks), options.MaxValidationBlocks, "at least 1");
        Require(options.EarlyStoppingPatience is null or >= 1, nameof(options.EarlyStoppingPatience), options.EarlyStoppingPatience, "at least 1, or null");
        Require(options.ValidationTokens is null || options.ValidationSet is null, nameof(options.ValidationTokens), options.ValidationTokens, "null where there is an Options.ValidationSet");
        Require(options.ValidationTokens is null || options.InitialModel is not null || options.Tokenizer.Known is not null, nameof(options.ValidationTokens), options.ValidationTokens,
            "null where the tokenizer is learned from the text; give the tokens' own, with TokenizerSource.FromFile");
        Require(options.EarlyStoppingPatience is null || options.ValidationSet is not null || options.ValidationTokens is not null, nameof(options.EarlyStoppingPatience), options.EarlyStoppingPatience,
            "null without an Options.ValidationSet; set one, for example from ml.Data.TrainTestSplit");
    }

    private static void CheckCheckpoints(MaskedDiffusionTrainer.Options options)
    {
        const string NoFolder = "null (Resume: false) without an Options.CheckpointFolder";
        bool hasFolder = options.CheckpointFolder is not null;
        Require(!hasFolder || !string.IsNullOrWhiteSpace(options.CheckpointFolder), nameof(options.CheckpointFolder), options.CheckpointFolder, "a folder, or null");
        Require(options.CheckpointInterval is null or >= 1, nameof(options.CheckpointInterval), options.CheckpointInterval, "at least 1, or null");
        Require(options.CheckpointInterval is null || hasFolder, nameof(options.CheckpointInterval), options.CheckpointInterval, NoFolder);
        Require(options.CheckpointMinutes is null || IsPositive(options.CheckpointMinutes.Value), nameof(options.CheckpointMinutes), options.CheckpointMinutes, "above 0 and finite, or null");
        Require(options.CheckpointMinutes is null || hasFolder, nameof(options.CheckpointMinutes), options.CheckpointMinutes, NoFolder);
        Require(options.KeepCheckpoints >= 1, nameof(options.KeepCheckpoints), options.KeepCheckpoints, "at least 1");
        Require(options.TokenFolder is null || !string.IsNullOrWhiteSpace(options.TokenFolder), nameof(options.TokenFolder), options.TokenFolder, "a folder, or null");
        Require(!options.Resume || hasFolder, nameof(options.Resume), options.Resume, NoFolder);
    }

    private static bool IsPositive(double value) => value > 0 && double.IsFinite(value);

    internal static void Require(bool holds, string option, object? value, string allowed) => OptionRange.Require(holds, $"Options.{option}", $"Options.{option}", value, allowed);
}

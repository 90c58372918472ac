using Microsoft.ML.MaskedDiffusion.Training.Checkpoints;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// The trainings whose checkpoints and fingerprints are fixtures. Their options must stay what they are: they are the fingerprints.
/// </summary>
internal static class FixtureTrainings
{
    public const int StoppedAtStep = 5;

    /// <summary>How the fixtures name the arithmetic of their runs.</summary>
    public const string Arithmetic = "\"Training arithmetic\": \"version 1\"";

    /// <summary>The same of runs of today.</summary>
    public static string ArithmeticNow => Arithmetic.Replace("1", $"{TrainingArithmetic.Version}", StringComparison.Ordinal);

    private static readonly TransformerConfig SmallNetwork = new()
    {
        Name = "fixture", LayerCount = 1, HeadCount = 2, EmbeddingSize = 8, FeedForwardSize = 16, ContextLength = 8,
    };

    /// <summary>The names of the trainings that <see cref="Start"/> knows.</summary>
    public static IReadOnlyList<string> Names => ["diffusion", "autoregressive", "fine-tuning", "packed"];

    /// <summary>Pre-training with an average of the weights, validation and all that is not a default.</summary>
    public static TrainerOptions Diffusion(string checkpoints) => new()
    {
        Network = SmallNetwork,
        Tokenizer = TokenizerSource.TrainBytePairEncoding(262),
        ValidationSet = FixtureRow.View(FixtureRow.Training.Take(3)),
        Validation = { Interval = 2, Samples = 3, MaxBlocks = 5, EarlyStoppingPatience = 6 },
        MaxSteps = 9,
        BatchSize = 4,
        Compute = { MicroBatchSize = 2 },
        LearningRate = 0.02,
        Optimizer = { MinLearningRateRatio = 0.2, WarmupSteps = 2, WeightDecay = 0.05, DecayNormGains = false, Beta1 = 0.8, Beta2 = 0.9,
            GradientClipNorm = 0.5, EmaDecay = 0.75 },
        Noise = { Levels = NoiseLevels.Stratified, LossWeighting = LossWeighting.Uniform, StochasticLengthRatio = 0.25 },
        ProgressInterval = 1,
        Seed = 3,
        Device = "cpu",
        Checkpoints = { Folder = checkpoints, Interval = 1, Keep = 1, Resume = true },
    };

    /// <summary>Starts the pre-training and stops it, so that it can be resumed from its checkpoint.</summary>
    public static void Stop(string checkpoints)
    {
        using var source = new CancellationTokenSource();
        TrainerOptions options = Diffusion(checkpoints);
        options.Progress = new Collected<TrainingProgress>(report =>
        {
            if (report is { Step: StoppedAtStep, Phase: TrainingPhase.Training })
                source.Cancel();
        });
        options.CancellationToken = source.Token;
        Assert.ThrowsExactly<OperationCanceledException>(
            () => new MaskedDiffusionTrainer(new MLContext(1), options).Fit(FixtureRow.View(FixtureRow.Training)));
    }

    /// <summary>Runs one step of a training in a folder of checkpoints.</summary>
    public static LikelihoodScoringTransformer Start(string name, string checkpoints, string fixtures) => name switch
    {
        "diffusion" => new MaskedDiffusionTrainer(new MLContext(1), Short(Diffusion(checkpoints)))
            .Fit(FixtureRow.View(FixtureRow.Training)),
        "autoregressive" => new AutoregressiveTrainer(new MLContext(1), Short(Plain(checkpoints)))
        .Fit(FixtureRow.View(FixtureRow.Training)),
        "fine-tuning" => FineTune(checkpoints, fixtures),
        "packed" => TrainOnPacked(checkpoints, fixtures),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, $"There is no such training; there are {string.Join(", ", Names)}."),
    };

    private static LikelihoodScoringTransformer FineTune(string checkpoints, string fixtures)
    {
        using MaskedDiffusionModel model = MaskedDiffusionModel.Load(Path.Combine(fixtures, FixtureWriter.Archive), "cpu");
        var defaults = new TrainerOptions();
        TrainerOptions options = Short(Plain(checkpoints));
        (options.Network, options.Tokenizer, options.InitialModel) = (defaults.Network, defaults.Tokenizer, model);
        (options.Rows.PromptColumnName, options.Rows.Padding, options.Noise.GuidanceDropout) = ("Prompt", RowPadding.Longest, 0.25);
        (options.Rows.MaxLength, options.Rows.Overflow, options.Compute.Precision) = (20, RowOverflow.Throw, Precision.BFloat16Mixed);
        return new MaskedDiffusionTrainer(new MLContext(1), options).Fit(FixtureRow.View(FixtureRow.Training));
    }

    private static LikelihoodScoringTransformer TrainOnPacked(string checkpoints, string fixtures)
    {
        TrainerOptions options = Short(Plain(checkpoints));
        string folder = Path.Combine(fixtures, FixtureWriter.Packed);
        options.Tokenizer = FixtureWriter.Bytes;
        options.Validation.Tokens = new MLContext(1).MaskedDiffusion()
            .LoadPackedTokens(new PackedCorpusOptions { Sources = [new PackedSource(folder, "train")], BlockLength = 8 });
        PackedCorpus corpus = new MLContext(1).MaskedDiffusion().LoadPackedTokens(new PackedCorpusOptions
        {
            Sources = [new PackedSource(folder, "train", 0.75), new PackedSource(folder, "other", 0.25)], BlockLength = 8,
            Order = PackedOrder.Published, FilesAtOnce = 2,
        });
        return new MaskedDiffusionTrainer(new MLContext(1), options).Fit(corpus);
    }

    private static TrainerOptions Plain(string checkpoints) => new()
    {
        Network = SmallNetwork,
        Tokenizer = TokenizerSource.TrainBytePairEncoding(262),
        BatchSize = 2,
        Seed = 4,
        Device = "cpu",
        Checkpoints = { Folder = checkpoints },
    };

    private static TrainerOptions Short(TrainerOptions options)
    {
        (options.MaxSteps, options.Optimizer.WarmupSteps, options.Checkpoints.Resume) = (1, 0, false);
        return options;
    }
}

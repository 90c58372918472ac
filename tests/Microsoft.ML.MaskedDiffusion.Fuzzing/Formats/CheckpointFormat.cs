using Microsoft.ML.MaskedDiffusion.Fuzzing.Mutation;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Formats;

/// <summary>The checkpoints of a stopped training and the tokens that it keeps, from which it is resumed.</summary>
internal sealed class CheckpointFormat : FuzzFormat
{
    private const string Run = "run", Step = "run/step-000000001/";

    public override string Name => "checkpoint";

    public override void Open(string folder)
    {
        try
        {
            Formats.Seeds.Context.MaskedDiffusion().Trainer(Options(Path.Combine(folder, Run)))
                .Fit(Formats.Seeds.View(Formats.Seeds.Texts)).Dispose();
        }
        catch (TrainingDivergedException)
        {
            // It went on from weights that are numbers, but too large to learn anything.
        }
    }

    // A checkpoint of another training, or files in its place that are none.
    public override bool IsTyped(Exception error) => base.IsTyped(error)
        || error is IOException && error.Message.Contains("is not replaced", StringComparison.Ordinal)
        || error is InvalidOperationException && error.Message.Contains("of another training", StringComparison.Ordinal);

    protected override IReadOnlyList<FileSet> MakeSeeds() =>
    [
        Formats.Seeds.Written(folder =>
        {
            using var source = new CancellationTokenSource();
            TrainerOptions options = Options(Path.Combine(folder, Run));
            options.CancellationToken = source.Token;
            options.Progress = new Stopper(source);
            try
            {
                Formats.Seeds.Context.MaskedDiffusion().Trainer(options).Fit(Formats.Seeds.View(Formats.Seeds.Texts)).Dispose();
            }
            catch (OperationCanceledException)
            {
                // As it should be.
            }
        }),
    ];

    protected override void Seal(FileSet files) => ManifestSeal.Seal(files, Step);

    private static TrainerOptions Options(string run)
    {
        TrainerOptions options = Formats.Seeds.Training();
        (options.MaxSteps, options.ProgressInterval) = (2, 1);
        options.ValidationSet = Formats.Seeds.View(Formats.Seeds.Texts.Take(1));
        (options.Validation.Interval, options.Validation.Samples) = (1, 2);
        options.Optimizer.EmaDecay = 0.5;
        (options.Checkpoints.Folder, options.Checkpoints.Interval, options.Checkpoints.Resume) = (run, 1, true);
        return options;
    }

    private sealed class Stopper(CancellationTokenSource source) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value is { Step: 1, Phase: TrainingPhase.Training })
                source.Cancel();
        }
    }
}

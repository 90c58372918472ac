using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;

namespace Reproduce.Runs;

/// <summary>
/// A run of an experiment: its options, its stages and its models. Stages that are done, and models that are trained, are not done again
/// after an interruption; a training that was interrupted goes on from its last checkpoint.
/// </summary>
internal sealed class Run
{
    private readonly StageLog _log;
    private readonly CancellationToken _cancellation;
    private readonly IProgress<TrainingProgress> _progress;

    public Run(string experiment, RunOptions options, IProgress<TrainingProgress> progress, CancellationToken cancellation = default)
    {
        (Options, _progress, _cancellation) = (options, progress, cancellation);
        _log = new StageLog(options.Folder, new
        {
            experiment,
            options.Seed,
            options.Scale,
            options.IsUntrained,
            options.IsSimulated,
            options.UsesStandIns,
            options.IsFull,
            options.ModelFile,
            options.BaselineFile,
            options.JudgeFile,
            Data = options.DataFolder is { } data ? Path.GetFullPath(data) : null,
            Version,
        });
    }

    /// <summary>The library's version.</summary>
    public static string Version { get; } =
        FileVersionInfo.GetVersionInfo(typeof(MaskedDiffusionModel).Assembly.Location).ProductVersion ?? "unknown";

    public RunOptions Options { get; }

    public MLContext MLContext { get; } = new(1);

    /// <summary>The result of a stage, from the log where an earlier run has written it down.</summary>
    public T Stage<T>(string name, Func<T> work)
    {
        _cancellation.ThrowIfCancellationRequested();
        Console.WriteLine($"-- {name}");
        return _log.Result(name, work);
    }

    /// <summary>A file of a data set.</summary>
    /// <exception cref="FileNotFoundException">It is not there, or no folder was named.</exception>
    public string DataFile(string name, string source)
    {
        return FindDataFile(name) ?? throw new FileNotFoundException(
            $"This experiment reads {name} ({source}). Name the folder that has it with --data"
            + (Options.DataFolder is { } folder ? $"; it is not at {Path.Combine(folder, name)}." : "."));
    }

    /// <summary>A file of a data set that need not be there; null where it is not.</summary>
    public string? FindDataFile(string name) =>
        Options.DataFolder is { } folder && Path.Combine(folder, name) is { } path && File.Exists(path) ? path : null;

    /// <summary>Trains a model on rows of text, or loads it where it is trained.</summary>
    public MaskedDiffusionModel Train(string name, ModelKind kind, TrainerOptions options, IDataView rows) =>
        Train(name, options, own => kind == ModelKind.MaskedDiffusion
            ? MLContext.MaskedDiffusion().Trainer(own).Fit(rows)
            : MLContext.MaskedDiffusion().AutoregressiveTrainer(own).Fit(rows));

    /// <summary>Trains a model on packed tokens, or loads it where it is trained.</summary>
    public MaskedDiffusionModel Train(string name, ModelKind kind, TrainerOptions options, PackedCorpus tokens) =>
        Train(name, options, own => Fit(kind, own, tokens));

    /// <summary>
    /// Trains a model on packed tokens for what the training measures, and keeps no model: some are larger than a disk has room for. An
    /// interrupted training goes on from its last checkpoint, which <see cref="Forget"/> removes when the stage is written down.
    /// </summary>
    public TrainingResult TrainForLoss(string name, ModelKind kind, TrainerOptions options, PackedCorpus tokens)
    {
        using LikelihoodScoringTransformer trained = Fit(name, options, own => Fit(kind, own, tokens));
        return trained.TrainingResult!;
    }

    /// <summary>Loads the pre-trained model that the published setting begins with.</summary>
    /// <exception cref="FileNotFoundException">It is not there, or none was named.</exception>
    /// <exception cref="InvalidOperationException">It is of the other kind.</exception>
    public MaskedDiffusionModel LoadPretrained(ModelKind kind)
    {
        (string? path, string option) =
            kind == ModelKind.MaskedDiffusion ? (Options.ModelFile, "--model") : (Options.BaselineFile, "--baseline");
        MaskedDiffusionModel model = LoadPretrained(path, option, kind.Words());
        if (model.Config.Autoregressive == (kind == ModelKind.Autoregressive))
            return model;
        model.Dispose();
        throw new InvalidOperationException($"{path} of {option} is not a {kind.Words()} model; the two options may be exchanged.");
    }

    /// <summary>Loads the pre-trained model that judges texts.</summary>
    /// <exception cref="FileNotFoundException">It is not there, or none was named.</exception>
    public MaskedDiffusionModel LoadJudge() => LoadPretrained(Options.JudgeFile, "--judge", "third");

    /// <summary>Removes a trained model, or the checkpoints of one that was not kept, when its stages are done with it.</summary>
    public void Forget(string name)
    {
        if (File.Exists(ModelFile(name)))
            File.Delete(ModelFile(name));
        if (Directory.Exists(CheckpointFolder(name)))
            Directory.Delete(CheckpointFolder(name), recursive: true);
    }

    /// <summary>A folder of the run, made if missing.</summary>
    public string Subfolder(string name) => Directory.CreateDirectory(Path.Combine(Options.Folder, name)).FullName;

    private static MaskedDiffusionModel LoadPretrained(string? path, string option, string kind) =>
        path is not null && File.Exists(path) ? MaskedDiffusionModel.Load(path) : throw new FileNotFoundException(
            $"--full needs a pre-trained {kind} model. Name its .mdm file with {option}"
            + (path is null ? "." : $"; it is not at {path}."));

    private string ModelFile(string name) => Path.Combine(Options.Folder, "models", name + ".mdm");

    private string CheckpointFolder(string name) => Path.Combine(Options.Folder, "checkpoints", name);

    private LikelihoodScoringTransformer Fit(ModelKind kind, TrainerOptions options, PackedCorpus tokens) =>
        kind == ModelKind.MaskedDiffusion
            ? MLContext.MaskedDiffusion().Trainer(options).Fit(tokens)
            : MLContext.MaskedDiffusion().AutoregressiveTrainer(options).Fit(tokens);

    private MaskedDiffusionModel Train(string name, TrainerOptions options, Func<TrainerOptions, LikelihoodScoringTransformer> fit)
    {
        string file = ModelFile(name);
        if (File.Exists(file))
            return MaskedDiffusionModel.Load(file);
        MaskedDiffusionModel model = Fit(name, options, fit).Model;
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        model.Save(file);
        Directory.Delete(CheckpointFolder(name), recursive: true);
        return model;
    }

    private LikelihoodScoringTransformer Fit(
        string name, TrainerOptions options, Func<TrainerOptions, LikelihoodScoringTransformer> fit)
    {
        Console.WriteLine($"-- training {name}");
        options.Seed = Options.Seed;
        options.Progress = _progress;
        options.ProgressInterval = 200;
        options.CancellationToken = _cancellation;
        options.Checkpoints = new CheckpointOptions { Folder = CheckpointFolder(name), Resume = true, Minutes = 2, Keep = 1 };
        if (Options.IsUntrained)
        {
            (options.MaxSteps, options.Budget, options.LearningRate, options.WarmStart) = (1, new BudgetOptions(), 1e-12, 0);
            // The steps that a recipe warms up would be more than there are.
            options.Optimizer.WarmupSteps = null;
        }
        return fit(options);
    }
}

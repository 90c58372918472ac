using System.Text.Json.Nodes;
using Mdm.Data;
using Mdm.Settings;
using Microsoft.ML;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>Scores the rows of a file.</summary>
internal sealed class BatchCommand : ModelCommand<BatchSettings>
{
    public BatchCommand()
        : base(
            "batch", "Apply a model to each row of a CSV, TSV, JSON-lines or Parquet file. Run again after a kill it goes on where it was.",
            "mdm batch in.jsonl out.jsonl --model lm.zip --output-column NegativeLogLikelihood --output-column TokenCount",
            "mdm batch tickets.csv filled.csv --model lm.mdm --task Infill --column Comment --skip-invalid-rows",
            "mdm batch in.parquet out-2.csv --model lm.zip --shard 2/8    # in.parquet has the columns that the pipeline reads")
    {
        AddArgument("input", "Batch.InputPath", "The file with the rows: .csv, .tsv, .jsonl, .ndjson or .parquet.");
        AddArgument("output", "Batch.OutputPath", "The file to write, in any of these formats.");
        AddModel();
        AddOption("--task", "Task",
            "Pipeline, Score, Choose, Infill or Generate. Default: Pipeline for a .zip, else Score.");
        AddOption("--column", "Column",
            "The column with the text. Default: Text, for Choose Context (with a list Choices), for Generate Prompt; not for a pipeline.",
            "column");
        AddOption("--output-column", "Batch.OutputColumns", "A column of the model to write; may be repeated. Default: all.", "column");
        AddOption("--keep", "Batch.KeptColumns", "A column of the input to write; may be repeated. Default: all.", "column");
        AddOption("--choices", "Choose.ChoiceCount", "The most choices that a row has; the task Choose needs it.");
        AddOption("--length", "Generate.Generation.MaxNewTokens",
            "Most tokens to write, for the task Generate. Default: as for generate.");
        AddFlag("--skip-invalid-rows", "Batch.InvalidRows", JsonValue.Create(nameof(InvalidRows.Skip)),
            "Write rows that cannot be read or scored to OUTPUT.rejected.jsonl and go on.");
        AddOption(
            "--shard", "Shard", "The part of the rows to take, such as 2/8; the outputs of all, joined, are that of the whole.", "i/n");
        AddOption("--overwrite", "Batch.Overwrite", "Replace an output that is there.");
        AddDeviceAndWeights("auto, cpu, cuda or cuda:1; a pipeline takes auto.");
        Add(Mpi);
        AddCommonOptions();
        RequireSwitch("--task Choose", settings => settings.Task == BatchTask.Choose, "--choices");
        RequireSwitch("--task Generate", settings => settings.Task == BatchTask.Generate, "--length");
    }

    /// <inheritdoc/>
    protected override int Run(BatchSettings settings, ToolContext context)
    {
        BatchScoringOptions options = settings.Batch;
        if (options.InputPath is null || options.OutputPath is null)
            throw new UsageException("No files: name the input and the output after the command.");
        BatchTasks.RequireFree(options);
        options.Shard = ParseShard(settings.Shard);
        using ConsoleProgress progress = context.StartProgress();
        (options.ProcessGroup, options.Progress, options.CancellationToken) = (context.Group, progress, context.Cancellation);
        try
        {
            BatchScoringResult result = Score(settings, context);
            progress.Dispose();
            context.Results.Facts(
            [
                new("rows", result.RowCount), new("rejected rows", result.RejectedRowCount), new("output", options.OutputPath),
                new("rejected", result.RejectedPath is null ? null : options.OutputPath + ".rejected.jsonl"),
                new("seconds", result.Seconds, "s", "0.0"),
            ]);
            return ExitCode.Done;
        }
        catch (OperationCanceledException)
        {
            progress.Dispose();
            string parts = context.Group.Size == 1 ? ".partial" : $".part-1-of-{context.Group.Size}.partial and so on";
            context.Say($"Interrupted. What is done is in {options.OutputPath}{parts}; the same command goes on from there.");
            return ExitCode.Interrupted;
        }
    }

    private static BatchShard ParseShard(string text)
    {
        try
        {
            return BatchShard.Parse(text);
        }
        catch (FormatException error)
        {
            throw new UsageException("--shard: " + error.Message, error);
        }
    }

    private static BatchScoringResult Score(BatchSettings settings, ToolContext context)
    {
        bool isZip = settings.Model is { } path && ModelPlace.IsZip(path);
        BatchTask task = settings.Task ?? (isZip ? BatchTask.Pipeline : BatchTask.Score);
        RefuseOtherTasks(settings, task);
        if (task == BatchTask.Pipeline)
        {
            if (!isZip)
                throw new UsageException("--task Pipeline is for the .zip of a pipeline; choose Score, Choose, Infill or Generate.");
            RefuseWithPipeline(settings);
            ITransformer pipeline = context.Catalog.LoadModel(settings.Model!, out DataViewSchema schema);
            using var owned = pipeline as IDisposable;
            settings.Batch.InputSchema = schema;
            return BatchTasks.Score(pipeline, column: null, settings.Batch, context);
        }
        using MaskedDiffusionModel model = ModelPlace.Open(settings, context);
        (IEstimator<ITransformer> estimator, string text, string? other, string? list) = BatchTasks.Of(task, settings, model, context);
        IDataView rows = BatchTasks.NoRows(context, text, other, list);
        settings.Batch.InputSchema = rows.Schema;
        return BatchTasks.Score(estimator.Fit(rows), text, settings.Batch, context);
    }

    // Settings that nothing reads would be thought to act.
    private static void RefuseOtherTasks(BatchSettings settings, BatchTask task)
    {
        (BatchTask Task, bool IsGiven)[] groups =
        [
            (BatchTask.Score, IsGiven(settings.Score)), (BatchTask.Choose, IsGiven(settings.Choose)),
            (BatchTask.Infill, IsGiven(settings.Infill)), (BatchTask.Generate, IsGiven(settings.Generate)),
        ];
        foreach ((BatchTask other, bool isGiven) in groups)
        {
            if (isGiven && other != task)
            {
                throw new UsageException($"Settings of {other} are given, and the task is {task}, which reads none of them: leave them "
                    + $"out, or choose --task {other}.");
            }
        }
    }

    private static bool IsGiven<T>(T group)
        where T : class, new() => SettingsTree.Print(group) != SettingsTree.Print(new T());

    // What is said of a model alone means nothing to a pipeline, which has its models as they were saved.
    private static void RefuseWithPipeline(BatchSettings settings)
    {
        const string Remedy = "leave it out, or choose a --task other than Pipeline.";
        if (settings.Column is { } column)
        {
            throw new UsageException(
                $"--column {column} is for a task, and a pipeline reads the columns that it was saved with: leave it out, name the "
                + "file's column as the pipeline does, or choose a --task other than Pipeline.");
        }
        if (settings.Weights != WeightType.Automatic)
        {
            throw new UsageException(
                $"--weights {settings.Weights} is for a model alone, and a pipeline's is held as it was saved: {Remedy}");
        }
        if (settings.Device != "auto")
            throw new UsageException($"--device {settings.Device} is for a model alone, and a pipeline's is where auto puts it: {Remedy}");
    }
}

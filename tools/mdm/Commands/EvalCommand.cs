using Mdm.Data;
using Mdm.Output;
using Mdm.Settings;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>Runs zero-shot tasks.</summary>
internal sealed class EvalCommand : ModelCommand<EvalSettings>
{
    public EvalCommand()
        : base(
            "eval", "Measure zero-shot tasks: accuracy with standard errors over questions and over the noise of the estimates.",
            "mdm eval tasks --model lm.zip --log logs                      # all files of a folder that are named after a task",
            "mdm eval piqa_validation.jsonl --model lm.zip --samples 16 --max-questions 200 --truncate",
            "mdm eval capitals.jsonl --task capitals.json --model lm.zip --json")
    {
        AddArgument("data", "Data", "JSON-lines files whose names begin with a task's name, or folders of them: "
            + string.Join(", ", ZeroShotTask.Names) + ".");
        AddModel();
        AddOption("--task", "Task", "The task of all files: a name, or a JSON file that defines one. Default: each file's name decides.");
        AddOption("--published", "PublishedProfile", "Estimate as SMDM did, with settings that were tuned on each task.");
        AddOption("--samples", "Likelihood.Samples", "Masks drawn for each answer. Default: 128.");
        AddOption("--max-questions", "Evaluation.MaxQuestions", "Questions of each file. Default: all.");
        AddFlag("--truncate", "Evaluation.ContextOverflow", nameof(ContextOverflow.KeepEnd),
            "Shorten contexts that are too long for the model, instead of leaving such questions out.");
        AddOption("--log", "Evaluation.LogFolder", "A folder for a line about each question, from which a stopped run goes on.", "folder");
        AddDeviceAndWeights();
        Add(Mpi);
        AddCommonOptions();
    }

    /// <inheritdoc/>
    protected override int Run(EvalSettings settings, ToolContext context)
    {
        if (settings.Data.Count == 0)
            throw new UsageException("No data: name files or folders after the command, or set Data.");
        (ZeroShotTask Task, string Path)[] files = [.. settings.Data.SelectMany(path => TaskFiles.Find(path, settings.Task))];
        using MaskedDiffusionModel model = ModelPlace.Open(settings, context);
        using ConsoleProgress progress = context.Console.Progress();
        (settings.Evaluation.Profile, settings.Evaluation.ProcessGroup, settings.Evaluation.Progress) =
            (Profile(settings), context.Group, progress);
        var evaluator = new ZeroShotEvaluator(model, settings.Evaluation);
        List<ZeroShotResult> results = [];
        int status = ExitCode.Done;
        foreach ((ZeroShotTask task, string file) in files)
        {
            try
            {
                results.Add(evaluator.Evaluate(task, file, context.Cancellation));
            }
            catch (OperationCanceledException)
            {
                progress.Dispose();
                context.Say(settings.Evaluation.LogFolder is { } log
                    ? $"Interrupted in {file}; the same command goes on from the logs in {log}."
                    : $"Interrupted in {file}, of which nothing is kept: --log keeps what is measured.");
                status = ExitCode.Interrupted;
                break;
            }
        }
        progress.Dispose();
        if (context.Results.IsJson)
            results.ForEach(result => context.Results.WriteObject(Fields(result)));
        else if (results.Count > 0)
            context.Console.Out.Write(ZeroShotResult.Table(results));
        return status;
    }

    private static ZeroShotProfile Profile(EvalSettings settings)
    {
        bool isDefault = SettingsTree.Print(settings.Likelihood) == SettingsTree.Print(new LikelihoodOptions());
        if (!settings.PublishedProfile)
            return isDefault ? ZeroShotProfile.Default : ZeroShotProfile.Uniform(settings.Likelihood);
        return isDefault ? ZeroShotProfile.Published : throw new UsageException(
            "--published (PublishedProfile) is set beside a Likelihood of your own, and the published settings have their own numbers: "
            + "leave one out.");
    }

    private static IEnumerable<Field> Fields(ZeroShotResult result) =>
    [
        new("task", result.Task), new("questions", result.QuestionCount),
        .. Metric("accuracy", result.Accuracy), .. Metric("accuracy per character", result.AccuracyPerCharacter),
        .. Metric("accuracy per byte", result.AccuracyPerByte), .. Metric("log perplexity", result.LogPerplexity),
        .. Metric("perplexity", result.Perplexity),
        new("truncated", result.TruncatedCount), new("too long", result.TooLongCount), new("resumed", result.ResumedCount),
        new("invalid rows", result.InvalidRows), new("seconds", result.Elapsed.TotalSeconds), new("network rows", result.NetworkRows),
        new("settings", result.Settings),
    ];

    private static Field[] Metric(string name, EvaluationMetric? metric) => metric is not { } known ? [] :
    [
        new(name, known.Value), new($"{name} standard error", known.StandardError),
        new($"{name} noise error", known.NoiseStandardError),
    ];
}

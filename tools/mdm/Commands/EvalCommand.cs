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
            "mdm eval tasks --model lm.zip --log logs     # files of a folder named after tasks, such as tasks/piqa_validation.jsonl",
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
        RefuseWhere(
            (settings, _) => settings.PublishedProfile ? "beside --published, which has samples of its own: leave one out" : null,
            "--samples");
    }

    /// <inheritdoc/>
    protected override int Run(EvalSettings settings, ToolContext context)
    {
        if (settings.Data.Count == 0)
            throw new UsageException("No data: name files or folders after the command.");
        (ZeroShotTask Task, string Path)[] files = [.. settings.Data.SelectMany(path => TaskFiles.Find(path, settings.Task))];
        HashSet<string> several = [.. files.CountBy(file => file.Task.Name).Where(pair => pair.Value > 1).Select(pair => pair.Key)];
        string?[] logs = [.. files.Select(file => Log(settings.Evaluation.LogFolder, file.Path, several.Contains(file.Task.Name)))];
        CheckLogs(files, logs);
        using MaskedDiffusionModel model = ModelPlace.Open(settings, context);
        using ConsoleProgress progress = context.StartProgress();
        (settings.Evaluation.Profile, settings.Evaluation.ProcessGroup, settings.Evaluation.Progress) =
            (Profile(settings), context.Group, progress);
        List<(ZeroShotResult Result, string File)> results = [];
        int status = ExitCode.Done;
        try
        {
            foreach (((ZeroShotTask task, string file), string? logFolder) in files.Zip(logs))
            {
                settings.Evaluation.LogFolder = logFolder;
                try
                {
                    ZeroShotResult result = new ZeroShotEvaluator(model, settings.Evaluation).Evaluate(task, file, context.Cancellation);
                    results.Add((result, file));
                }
                catch (OperationCanceledException)
                {
                    progress.Dispose();
                    context.Say(logFolder is { } log
                        ? $"Interrupted in {file}; the same command goes on from the logs in {log}."
                        : $"Interrupted in {file}, of which nothing is kept: --log keeps what is measured.");
                    status = ExitCode.Interrupted;
                    break;
                }
            }
        }
        catch
        {
            // Where a file cannot be measured, the figures of those before it are told all the same, and then why.
            progress.Dispose();
            try
            {
                Write();
            }
            catch (IOException)
            {
                // That they cannot be told is not what the user has to know first.
            }
            throw;
        }
        progress.Dispose();
        Write();
        bool isNothingScored = results.Count > 0 && results.All(pair => pair.Result.TooLongCount == pair.Result.QuestionCount);
        return isNothingScored && status == ExitCode.Done ? ExitCode.Failed : status;

        void Write()
        {
            if (context.Results.IsJson)
                results.ForEach(pair => context.Results.WriteObject(Fields(pair.Result, pair.File)));
            else if (results.Count > 0)
                context.Console.Out.Write(ZeroShotResult.Table(results.Select(Named)));
            foreach ((ZeroShotResult result, string file) in results.Where(pair => pair.Result.TooLongCount > 0))
                context.Say(NotScored(result, file, model.Config, settings.Evaluation));
            foreach ((ZeroShotResult result, string file) in results.Where(pair => pair.Result.InvalidRows.Count > 0))
                context.Say($"{result.InvalidRows.Count} rows in {file} were left out, which are no questions. {result.InvalidRows[0]}");
        }

        ZeroShotResult Named((ZeroShotResult Result, string File) pair) => several.Contains(pair.Result.Task)
            ? pair.Result with { Task = $"{pair.Result.Task} ({pair.File})" } : pair.Result;
    }

    // Files of one task have logs apart from each other, in folders of their names.
    private static string? Log(string? folder, string file, bool isOneOfSeveral) =>
        folder is null || !isOneOfSeveral ? folder : Path.Combine(folder, Path.GetFileNameWithoutExtension(file));

    private static void CheckLogs((ZeroShotTask Task, string Path)[] files, string?[] logs)
    {
        var same = files.Zip(logs).Where(pair => pair.Second is not null).GroupBy(pair => (pair.First.Task.Name, pair.Second))
            .FirstOrDefault(group => group.Count() > 1);
        if (same is null)
            return;
        string paths = string.Join(" and ", same.Select(pair => pair.First.Path));
        throw new UsageException($"{paths} would have the same log in {same.Key.Second}: give the files names that differ, or measure them "
            + "one by one, each with a --log of its own.");
    }

    private static string NotScored(ZeroShotResult result, string file, TransformerConfig config, ZeroShotOptions options)
    {
        string reason = $"{result.TooLongCount} of {result.QuestionCount} questions in {file} were not scored, because they are longer "
            + $"than the model's context of {config.ContextLength} tokens";
        if (result.Answers.Any(answer => answer.Flag == AnswerFlag.Empty))
            reason += ", or have an option without a token";
        if (config.Autoregressive)
            reason += ", or because they have no context";
        return reason + (options.ContextOverflow == ContextOverflow.Skip ? ": --truncate shortens contexts." : ".");
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

    private static IEnumerable<Field> Fields(ZeroShotResult result, string file) =>
    [
        new("task", result.Task), new("file", file), new("questions", result.QuestionCount),
        .. Metric("accuracy", result.Accuracy), .. Metric("accuracy per character", result.AccuracyPerCharacter),
        .. Metric("accuracy per byte", result.AccuracyPerByte), .. Metric("log perplexity", result.LogPerplexity),
        .. Metric("perplexity", result.Perplexity),
        new("truncated", result.TruncatedCount), new("not scored", result.TooLongCount), new("resumed", result.ResumedCount),
        new("invalid rows", result.InvalidRows), new("seconds", result.Elapsed.TotalSeconds), new("network rows", result.NetworkRows),
        new("settings", result.Settings),
    ];

    private static Field[] Metric(string name, EvaluationMetric? metric) => metric is not { } known ? [] :
    [
        new(name, known.Value), new($"{name} standard error", known.StandardError),
        new($"{name} noise error", known.NoiseStandardError),
    ];
}

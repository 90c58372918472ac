using System.CommandLine;
using System.Globalization;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks;

/// <summary>
/// Runs zero-shot tasks with a saved model, on every file of a folder that is named after a task, or on the files of one task.
/// </summary>
internal static class ZeroShotCommand
{
    // How the usual file names of the data sets begin; "lambada" means lambada_standard.
    private static readonly (string Prefix, string Task)[] Prefixes =
        [.. ZeroShotTask.Names.Select(name => (name, name)), ("lambada", "lambada_standard")];

    public static Subcommand Command()
    {
        var model = new Option<string>("--model")
        {
            Description = "a saved model: a folder, an .mdm file, or a .zip of ml.Model.Save or SaveModel", Required = true,
        };
        var data = new Option<string[]>("--data")
        {
            Description =
                "a folder of JSON-lines files, or files, whose names begin with a task's name: " + string.Join(", ", ZeroShotTask.Names),
            AllowMultipleArgumentsPerToken = true, Required = true,
        };
        var task = new Option<string?>("--task")
        {
            Description = "the task of all files: a name, or a JSON file with a definition; if left out, each file's name decides",
        };
        var profile = new Option<string>("--profile")
        {
            Description = "default: one setting for all tasks; published: SMDM's per-task settings", DefaultValueFactory = _ => "default",
        };
        var samples = new Option<int?>("--samples")
        {
            Description = "noise samples of each request; if left out, the default profile's 128",
        };
        var limit = new Option<int?>("--limit") { Description = "number of questions to take from each file; all if left out" };
        var truncate = new Option<bool>("--truncate")
        {
            Description = "shorten the context of questions that are too long for the model, instead of leaving them out",
        };
        var log = new Option<string?>("--log")
        {
            Description = "folder for logs with a line for each question, from which a stopped run continues",
        };
        var device = new Option<string>("--device") { Description = "auto, cpu, cuda or cuda:1", DefaultValueFactory = _ => "auto" };
        var command = new Subcommand("zero-shot", "accuracy with standard errors, and questions per second, on files of zero-shot tasks")
        {
            model, data, task, profile, samples, limit, truncate, log, device,
        };
        command.SetAction(async (result, cancellation) => await Task.Run(() =>
        {
            try
            {
                var options = new ZeroShotOptions
                {
                    Profile = Profile(result.GetValue(profile)!, result.GetValue(samples)),
                    MaxQuestions = result.GetValue(limit),
                    ContextOverflow = result.GetValue(truncate) ? ContextOverflow.KeepEnd : ContextOverflow.Skip,
                    LogFolder = result.GetValue(log),
                    Progress = new ConsoleProgress(),
                };
                (ZeroShotTask Task, string Path)[] files =
                    [.. result.GetValue(data)!.SelectMany(path => Files(path, result.GetValue(task)))];
                return Run(result.GetValue(model)!, result.GetValue(device)!, files, options, cancellation);
            }
            catch (Exception e) when (e is ArgumentException or IOException or InvalidDataException or UnauthorizedAccessException)
            {
                Console.Error.WriteLine($"error: {e.Message}");
                return 1;
            }
        }, CancellationToken.None));
        return command;
    }

    private static int Run(
        string path, string device, (ZeroShotTask Task, string Path)[] files, ZeroShotOptions options, CancellationToken cancellation)
    {
        using MaskedDiffusionModel model = SavedModel.Open(path, device);
        Console.WriteLine(
            $"{model.Config.Name}: {model.Config.NonEmbeddingParameterCount:N0} non-embedding parameters, "
            + $"context {model.Config.ContextLength}, vocabulary {model.Config.VocabularySize}, on {model.Device}");
        var evaluator = new ZeroShotEvaluator(model, options);
        List<ZeroShotResult> results = [];
        int status = 0;
        foreach ((ZeroShotTask task, string file) in files)
        {
            try
            {
                results.Add(evaluator.Evaluate(task, file, cancellation));
            }
            catch (OperationCanceledException)
            {
                Console.Error.WriteLine(options.LogFolder is null ? "stopped" : "stopped; the same command continues from the logs");
                status = 130;
                break;
            }
        }
        Console.WriteLine();
        Console.Write(ZeroShotResult.Table(results));
        return status;
    }

    private static ZeroShotProfile Profile(string name, int? samples) => name switch
    {
        "default" when samples is { } count => ZeroShotProfile.Uniform(new LikelihoodOptions { Samples = count }),
        "default" => ZeroShotProfile.Default,
        "published" when samples is null => ZeroShotProfile.Published,
        "published" =>
            throw new ArgumentException("--samples works with the default profile only; the published profile has its own numbers."),
        _ => throw new ArgumentException($"There is no profile '{name}'; --profile is default or published."),
    };

    private static IEnumerable<(ZeroShotTask Task, string Path)> Files(string path, string? task)
    {
        if (!Directory.Exists(path))
            return [(TaskOf(path, task) ?? throw new ArgumentException($"{path} is not named after a task; name one with --task."), path)];
        (ZeroShotTask Task, string Path)[] files =
            [.. Directory.GetFiles(path, "*.jsonl").Order(StringComparer.Ordinal).Select(file => (TaskOf(file, task), file))
                .Where(pair => pair.Item1 is not null).Select(pair => (pair.Item1!, pair.file))];
        return files.Length > 0 ? files : throw new ArgumentException(
            $"No *.jsonl file in {path} is named after a task: {string.Join(", ", ZeroShotTask.Names)}.");
    }

    private static ZeroShotTask? TaskOf(string path, string? task)
    {
        if (task is not null)
            return File.Exists(task) ? ZeroShotTask.FromJsonFile(task) : ZeroShotTask.FromName(task);
        string name = Path.GetFileName(path);
        return Prefixes.FirstOrDefault(pair => name.StartsWith(pair.Prefix, StringComparison.OrdinalIgnoreCase)).Task is { } found
            ? ZeroShotTask.FromName(found)
            : null;
    }

    /// <summary>One line for each task that counts up on a terminal; nothing where the output is a file.</summary>
    private sealed class ConsoleProgress : IProgress<ZeroShotProgress>
    {
        public void Report(ZeroShotProgress value)
        {
            if (!Console.IsErrorRedirected)
            {
                string elapsed = value.Elapsed.ToString("hh\\:mm\\:ss", CultureInfo.InvariantCulture);
                Console.Error.Write(string.Create(CultureInfo.InvariantCulture,
                    $"\r{value.Task}: {value.Done} of {value.Total} questions ({value.Percent:0} %), ")
                    + string.Create(CultureInfo.InvariantCulture, $"accuracy so far {value.RunningAccuracy:F3}, {elapsed}   "));
            }
        }
    }
}

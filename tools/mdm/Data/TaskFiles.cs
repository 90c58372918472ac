using Mdm.Settings;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Data;

/// <summary>Finds the zero-shot task of each file, by the names that the data sets' files usually have.</summary>
internal static class TaskFiles
{
    // "lambada" means lambada_standard.
    private static readonly (string Prefix, string Task)[] Prefixes =
        [.. ZeroShotTask.Names.Select(name => (name, name)), ("lambada", "lambada_standard")];

    /// <summary>The files at a place with their tasks.</summary>
    /// <param name="path">A file, or a folder, of which the .jsonl files that are named after a task are taken.</param>
    /// <param name="task">The task of all files: a name, or a JSON file; null takes it from each file's name.</param>
    /// <exception cref="FileNotFoundException">There is nothing at the place.</exception>
    /// <exception cref="UsageException">No file is named after a task.</exception>
    public static IReadOnlyList<(ZeroShotTask Task, string Path)> Find(string path, string? task)
    {
        if (!Directory.Exists(path))
        {
            if (!File.Exists(path))
                throw new FileNotFoundException($"There is no file and no folder {path}.", path);
            return [(TaskOf(path, task) ?? throw new UsageException(
                $"{path} is not named after a task ({string.Join(", ", ZeroShotTask.Names)}); name one with --task."), path)];
        }
        (ZeroShotTask, string)[] files = [.. Directory.GetFiles(path, "*.jsonl").Order(StringComparer.Ordinal)
            .Select(file => (Task: TaskOf(file, task), file)).Where(pair => pair.Task is not null).Select(pair => (pair.Task!, pair.file))];
        return files.Length > 0 ? files : throw new UsageException(
            $"No .jsonl file in {path} is named after a task ({string.Join(", ", ZeroShotTask.Names)}); name one with --task.");
    }

    private static ZeroShotTask? TaskOf(string path, string? task)
    {
        if (task is not null)
        {
            if (File.Exists(task))
                return ZeroShotTask.FromJsonFile(task);
            string known = string.Join(", ", ZeroShotTask.Names);
            return ZeroShotTask.Names.Contains(task)
                ? ZeroShotTask.FromName(task) : throw new UsageException($"--task is {task}; it must be one of {known}, or a JSON file.");
        }
        string name = Path.GetFileName(path);
        // The longest name, since one may be the beginning of another.
        return Prefixes.OrderByDescending(pair => pair.Prefix.Length)
            .FirstOrDefault(pair => name.StartsWith(pair.Prefix, StringComparison.OrdinalIgnoreCase)).Task is { } found
            ? ZeroShotTask.FromName(found) : null;
    }
}

using System.Text.Json;

namespace Reproduce.Runs;

/// <summary>
/// What an experiment has measured so far, a JSON line for each stage, after a first line with the settings. A run that was interrupted
/// goes on after the last whole line.
/// </summary>
internal sealed class StageLog
{
    public const string FileName = "stages.jsonl";

    private readonly string _path;
    private readonly Dictionary<string, JsonElement> _results = [];

    /// <param name="folder">The folder of the run; made if missing.</param>
    /// <param name="settings">Everything that the results depend on.</param>
    /// <exception cref="InvalidOperationException">The folder holds a run with other settings, or files of no run.</exception>
    public StageLog(string folder, object settings)
    {
        Directory.CreateDirectory(folder);
        _path = Path.Combine(folder, FileName);
        string first = JsonSerializer.Serialize(settings, Json.Line);
        string[] lines = File.Exists(_path) ? WholeLines(_path) : [];
        if (lines.Length == 0)
        {
            RunFolder.RequireOwn(folder);
            File.WriteAllText(_path, first + "\n");
            return;
        }
        if (lines[0] != first)
        {
            throw new InvalidOperationException(
                $"{_path} belongs to a run with other settings:\n  there: {lines[0]}\n  here:  {first}\n"
                + "Name another folder with --out, or begin anew with --restart.");
        }
        foreach (string line in lines.Skip(1))
        {
            StageLine stage = JsonSerializer.Deserialize<StageLine>(line, Json.Line)!;
            _results[stage.Stage] = stage.Result;
        }
        // A line that was torn by the interruption goes.
        File.WriteAllText(_path, string.Concat(lines.Select(line => line + "\n")));
    }

    /// <summary>The result of a stage: from the log where it is there, else from the work, which is then written down.</summary>
    public T Result<T>(string stage, Func<T> work)
    {
        if (_results.TryGetValue(stage, out JsonElement known))
            return known.Deserialize<T>(Json.Line)!;
        T result = work();
        JsonElement element = JsonSerializer.SerializeToElement(result, Json.Line);
        File.AppendAllText(_path, JsonSerializer.Serialize(new StageLine(stage, element), Json.Line) + "\n");
        _results[stage] = element;
        return result;
    }

    private static string[] WholeLines(string path)
    {
        string text = File.ReadAllText(path);
        return text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private sealed record StageLine(string Stage, JsonElement Result);
}

namespace Reproduce.Runs;

/// <summary>What an experiment leaves in its folder.</summary>
internal static class RunFolder
{
    /// <summary>The folder of data that a run has generated.</summary>
    public const string Data = "data";

    /// <summary>The folder of answers for a judge.</summary>
    public const string Answers = "answers";

    private static readonly string[] Files = [StageLog.FileName, "results.json", "results.md", "index.html", "figure.svg"];
    private static readonly string[] Folders = ["models", "checkpoints", "tokens", Data, Answers];

    /// <summary>Refuses a folder with files in it, in which a run would replace and delete some by their names.</summary>
    /// <exception cref="InvalidOperationException">There are some.</exception>
    public static void RequireOwn(string folder)
    {
        if (Directory.EnumerateFileSystemEntries(folder).FirstOrDefault(entry => Path.GetFileName(entry) != StageLog.FileName) is { } other)
            throw new InvalidOperationException($"{other} is of no run. Name a new or empty folder with --out.");
    }

    /// <summary>Removes what a run has written, and nothing else; a folder without a run is left as it is.</summary>
    public static void Clear(string folder)
    {
        if (!File.Exists(Path.Combine(folder, StageLog.FileName)))
            return;
        foreach (string name in Folders.Where(name => Directory.Exists(Path.Combine(folder, name))))
            Directory.Delete(Path.Combine(folder, name), recursive: true);
        foreach (string name in Files)
            File.Delete(Path.Combine(folder, name));
    }
}

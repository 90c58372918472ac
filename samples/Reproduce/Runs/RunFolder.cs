namespace Reproduce.Runs;

/// <summary>What an experiment leaves in its folder.</summary>
internal static class RunFolder
{
    private static readonly string[] Files = [StageLog.FileName, "results.json", "results.md", "index.html", "figure.svg"];
    private static readonly string[] Folders = ["models", "checkpoints", "tokens"];

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

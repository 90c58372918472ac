using System.Text;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Search;

/// <summary>
/// The folder of a search: its log, the tokens of its text, the checkpoints of its trials with what was measured before its turn
/// (ahead.jsonl, lines as in the log), and the best models.
/// </summary>
internal sealed class SearchFolder(string path)
{
    private const string TrialsFolder = "trials", BestFolder = "best", TokensFolder = "tokens";
    private const string AheadFile = "ahead.jsonl", ModelFile = "model.zip";

    /// <summary>The log's path.</summary>
    public string Log => Path.Combine(path, SearchLog.FileName);

    private string Trials => Path.Combine(path, TrialsFolder);

    private string Models => Path.Combine(path, BestFolder);

    private string Ahead => Path.Combine(Trials, AheadFile);

    /// <summary>The folder of the tokens that trials share.</summary>
    public string Tokens => Path.Combine(Trials, TokensFolder);

    /// <summary>The folder of a trial's checkpoints.</summary>
    public string TrialOf(int trial) => Path.Combine(Trials, FormattableString.Invariant($"{trial:0000}"));

    /// <summary>The file of a model that is or may be the best.</summary>
    public string ModelOf((int Trial, int Rung) item) => Path.Combine(ModelFolderOf(item), ModelFile);

    /// <summary>Refuses a folder of another search, or of something else.</summary>
    /// <exception cref="InvalidOperationException">It is one.</exception>
    public void Check(bool resume)
    {
        bool hasLog = File.Exists(Log);
        if (hasLog && !resume)
            throw new InvalidOperationException($"{path} holds a search. Set Resume to go on with it, or give another Folder.");
        if (!hasLog && (Directory.Exists(Trials) || Directory.Exists(Models)))
        {
            throw new InvalidOperationException(
                $"{path} has no {SearchLog.FileName}, but a \"{TrialsFolder}\" or a \"{BestFolder}\", in which a search would delete "
                + "what is not its own. Give another Folder.");
        }
    }

    /// <summary>Converts what was measured ahead, line by line.</summary>
    /// <exception cref="InvalidDataException">A line is damaged; the message names the file and the line.</exception>
    public IEnumerable<T> ReadAhead<T>(Func<string, T> convert) => LogLines.Convert(
        File.Exists(Ahead) ? File.ReadLines(Ahead) : [], Ahead, firstNumber: 1,
        $"Delete the folder {Trials}: what the log does not have is then trained anew.", convert);

    /// <summary>Replaces what was measured ahead.</summary>
    public void WriteAhead(IReadOnlyCollection<string> lines)
    {
        if (lines.Count > 0)
            AtomicFile.Write(Ahead, stream => stream.Write(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n")))));
        else if (File.Exists(Ahead))
            File.Delete(Ahead);
    }

    /// <summary>Deletes the models but those of some trials, the checkpoints of trials that are over, and maybe the tokens.</summary>
    public void Delete(IEnumerable<(int Trial, int Rung)> keptModels, IEnumerable<int> overTrials, bool tokens)
    {
        HashSet<string> kept = [.. keptModels.Select(ModelFolderOf)];
        string[] models = Directory.Exists(Models) ? Directory.GetDirectories(Models) : [];
        IEnumerable<string> lost = [.. models.Where(folder => !kept.Contains(folder)), .. overTrials.Select(TrialOf)];
        foreach (string folder in tokens ? lost.Append(Tokens) : lost)
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    private string ModelFolderOf((int Trial, int Rung) item) =>
        Path.Combine(Models, FormattableString.Invariant($"{item.Trial:0000}-{item.Rung}"));
}

using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.BatchScoring;

/// <summary>The files of an output while it is being made, beside it.</summary>
/// <param name="output">The output.</param>
/// <param name="overwrite">Whether an earlier output is replaced.</param>
internal sealed partial class BatchFiles(string output, bool overwrite)
{
    /// <summary>The output, which appears at the end.</summary>
    public string Output { get; } = Path.GetFullPath(output);

    /// <summary>The rows so far.</summary>
    public string Partial => Output + ".partial";

    /// <summary>The rows in the output's format, where it is another one than that of <see cref="Partial"/>.</summary>
    public string Converted => Output + ".converted.partial";

    /// <summary>The log.</summary>
    public string Log => Output + ".progress.jsonl";

    /// <summary>The rows that cannot be read or scored; it appears with the output.</summary>
    public string Rejected => Output + ".rejected.jsonl";

    /// <summary>Those so far.</summary>
    public string PartialRejected => Rejected + ".partial";

    /// <summary>By this file one of several processes tells the others to stop.</summary>
    public string Stop => Output + ".stop.partial";

    /// <summary>The files of one of several processes, which makes a part of this output. There is no output of the part's own.</summary>
    /// <param name="number">Which process, 1 to <paramref name="count"/>.</param>
    /// <param name="count">How many there are.</param>
    public BatchFiles Part(int number, int count) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{Output}.part-{number}-of-{count}"), overwrite: false);

    /// <summary>Refuses to begin where files of other origin are in the way.</summary>
    /// <exception cref="IOException">There is one.</exception>
    public void CheckFree()
    {
        if (!File.Exists(Log))
            RequireNone(isOutput: false, Partial, Converted, PartialRejected, Stop);
        Directory.CreateDirectory(Path.GetDirectoryName(Output)!);
    }

    /// <summary>Refuses to begin or go on where another number of processes has left parts of this output.</summary>
    /// <param name="count">How many there are now.</param>
    /// <exception cref="InvalidDataException">There are such parts.</exception>
    public void CheckParts(int count)
    {
        string start = Path.GetFileName(Output);
        foreach (string path in Directory.EnumerateFiles(Path.GetDirectoryName(Output)!))
        {
            string name = Path.GetFileName(path);
            if (!name.StartsWith(start, StringComparison.Ordinal) || PartName().Match(name[start.Length..]) is not { Success: true } part)
                continue;
            string earlier = part.Groups["count"].Value;
            if (earlier != count.ToString(CultureInfo.InvariantCulture))
            {
                throw new InvalidDataException($"{path} is left of a scoring by {earlier} processes, and the number of processes is now "
                    + $"{count}. Go on with {earlier}, or delete {Output}.part-*-of-{earlier}.*, {Partial} and {Log} to begin anew.");
            }
        }
    }

    /// <summary>Refuses to begin or go on where there is an output already, or a folder in its place.</summary>
    /// <exception cref="IOException">There is one.</exception>
    public void CheckOutputFree()
    {
        foreach (string path in (string[])[Output, Rejected])
        {
            if (Directory.Exists(path))
            {
                throw new IOException($"{path} is a folder, and the place of a file that is to be written. Move or delete it, or set "
                    + "OutputPath to another file.");
            }
        }
        if (!overwrite)
            RequireNone(isOutput: true, Output, Rejected);
    }

    /// <summary>Deletes what there is of a part that stands in the whole.</summary>
    public void Delete()
    {
        File.Delete(Partial);
        File.Delete(PartialRejected);
        File.Delete(Log);
    }

    /// <summary>
    /// Puts the files that are whole in their places. A call that is killed between any two steps is followed by one that takes the rest.
    /// </summary>
    /// <param name="convert">Makes the output of the rows, at a path; null where the rows are the output.</param>
    /// <param name="hasRejected">Whether there are rejected rows.</param>
    /// <exception cref="IOException">An output has come to the place meanwhile, or the disk refuses.</exception>
    public void Finish(Action<string>? convert, bool hasRejected)
    {
        if (convert is not null && File.Exists(Partial))
        {
            convert(Converted);
            File.Delete(Partial);
        }
        Place(convert is null ? Partial : Converted, Output);
        Place(PartialRejected, Rejected);
        if (overwrite && !hasRejected)
            File.Delete(Rejected);
        DurableFiles.FlushFolder(Path.GetDirectoryName(Output)!);
    }

    /// <summary>Opens a file of rows with the bytes that the log counts, and cuts off what is behind them.</summary>
    /// <exception cref="InvalidDataException">It has fewer.</exception>
    public FileStream OpenRows(string path, long bytes)
    {
        var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        if (stream.Length < bytes)
        {
            long length = stream.Length;
            stream.Dispose();
            throw new InvalidDataException($"{path} has {length} bytes and should have {bytes} at least, as {Log} says. "
                + "Delete both to begin anew.");
        }
        stream.SetLength(bytes);
        stream.Position = bytes;
        return stream;
    }

    [GeneratedRegex(
        @"\A\.part-[1-9][0-9]*-of-(?<count>[1-9][0-9]*)\.(partial|progress\.jsonl|rejected\.jsonl\.partial)\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex PartName();

    private void Place(string part, string target)
    {
        if (!File.Exists(part))
            return;
        if (!overwrite)
            RequireNone(isOutput: true, target);
        File.Move(part, target, overwrite);
    }

    // Overwrite replaces outputs, and not what another run may still go on with.
    private static void RequireNone(bool isOutput, params ReadOnlySpan<string> paths)
    {
        string otherwise = isOutput ? "set OutputPath to another file, or set Overwrite" : "or set OutputPath to another file";
        foreach (string path in paths)
        {
            if (File.Exists(path) || Directory.Exists(path))
            {
                throw new IOException($"{path} exists and would be overwritten. Move or delete it, {otherwise}.");
            }
        }
    }
}

namespace Microsoft.ML.MaskedDiffusion.BatchScoring;

/// <summary>The files of an output while it is being made, beside it.</summary>
/// <param name="output">The output.</param>
internal sealed class BatchFiles(string output)
{
    /// <summary>The output, which appears at the end.</summary>
    public string Output { get; } = Path.GetFullPath(output);

    /// <summary>The rows so far.</summary>
    public string Partial => Output + ".partial";

    /// <summary>The log.</summary>
    public string Log => Output + ".progress.jsonl";

    /// <summary>The rows that cannot be read or scored; it stays.</summary>
    public string Rejected => Output + ".rejected.jsonl";

    /// <summary>Refuses to begin where files of other origin are in the way.</summary>
    /// <exception cref="IOException">There is one.</exception>
    public void CheckFree()
    {
        foreach (string path in File.Exists(Log) ? Array.Empty<string>() : [Output, Partial, Rejected])
            CheckFree(path);
        Directory.CreateDirectory(Path.GetDirectoryName(Output)!);
    }

    /// <summary>Refuses to go on where somebody has put another file in the output's place.</summary>
    /// <exception cref="IOException">There is one.</exception>
    public void CheckOutputFree() => CheckFree(Output);

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

    private static void CheckFree(string path)
    {
        if (File.Exists(path) || Directory.Exists(path))
            throw new IOException($"{path} exists and would be overwritten. Move or delete it, or set OutputPath to another file.");
    }
}

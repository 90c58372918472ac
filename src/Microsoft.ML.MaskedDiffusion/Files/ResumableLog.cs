using System.Text;
using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Files;

/// <summary>
/// A JSON-lines log from which a stopped run continues. The first line holds the run's settings; every other line is a finished item. Only
/// lines that end in a line break count: what a crash left after the last one is cut off when the log is opened. One writer at a time holds
/// the file. Not thread-safe.
/// </summary>
internal sealed class ResumableLog : IDisposable
{
    private readonly string _path;
    private readonly FileStream _stream;

    private ResumableLog(string path, FileStream stream, long itemsStart, int count)
    {
        (_path, _stream, Count) = (path, stream, count);
        ItemsStart = itemsStart;
    }

    /// <summary>The number of finished items that were there when the log was opened.</summary>
    public int Count { get; }

    /// <summary>Where the first item begins, in bytes.</summary>
    public long ItemsStart { get; }

    /// <summary>Opens a log, or begins one where there is none; its folder is created if it is missing.</summary>
    /// <exception cref="InvalidDataException">
    /// The file is not such a log, or it is the log of a run with other settings; the message names the differences.
    /// </exception>
    /// <exception cref="IOException">The file cannot be opened, or another run writes it.</exception>
    public static ResumableLog Open(string path, IReadOnlyList<KeyValuePair<string, string>> settings)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder);
        var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        try
        {
            (string? head, string unfinished, long itemsStart, int count, long end) = Scan(stream);
            if (head is null)
            {
                var sorted = new SortedDictionary<string, string>(settings.ToDictionary(), StringComparer.Ordinal);
                string first = JsonSerializer.Serialize(sorted) + "\n";
                // A crash while the log was begun leaves a part of this line. Anything else is somebody's file, which is not overwritten.
                if (!first.StartsWith(unfinished, StringComparison.Ordinal))
                    throw new InvalidDataException($"{path}: the file exists and is not a log. Give another path, or remove the file.");
                stream.SetLength(0);
                stream.Write(Encoding.UTF8.GetBytes(first));
                stream.Flush(flushToDisk: true);
                DurableFiles.FlushFolder(folder);
                itemsStart = end = stream.Position;
            }
            else
            {
                Compare(path, head, settings);
            }
            stream.SetLength(end);
            stream.Position = end;
            return new ResumableLog(path, stream, itemsStart, count);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Converts the items that were there when the log was opened, one at a time as they are asked for.</summary>
    /// <exception cref="InvalidDataException">A line is damaged; the message names the file and the line.</exception>
    public IEnumerable<T> Read<T>(Func<string, T> convert) =>
        LogLines.Convert(Lines().Take(Count), _path, firstNumber: 2, "Delete the log to start anew.", convert);

    /// <summary>Adds items, a line each, and flushes them to the disk.</summary>
    public void Append(IEnumerable<string> lines)
    {
        _stream.Write(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n"))));
        _stream.Flush(flushToDisk: true);
    }

    public void Dispose() => _stream.Dispose();

    // The items are read at positions of their own, because the stream stands at the end for the next item.
    private IEnumerable<string> Lines()
    {
        var line = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        long position = ItemsStart;
        for (int read; (read = RandomAccess.Read(_stream.SafeFileHandle, buffer, position)) > 0; position += read)
        {
            int start = 0;
            for (int end; (end = Array.IndexOf(buffer, (byte)'\n', start, read - start)) >= 0; start = end + 1)
            {
                line.Write(buffer, start, end - start);
                yield return Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length);
                line.SetLength(0);
            }
            line.Write(buffer, start, read - start);
        }
    }

    // Finds the first line if it is complete (otherwise what there is of it), where the items begin, their number, and the end of the last
    // complete line.
    private static (string? Head, string Unfinished, long ItemsStart, int Count, long End) Scan(FileStream stream)
    {
        List<byte> bytes = [];
        long position = 0, itemsStart = 0, end = 0;
        int lines = 0;
        byte[] buffer = new byte[1 << 16];
        for (int read; (read = stream.Read(buffer)) > 0; position += read)
        {
            if (lines == 0)
                bytes.AddRange(buffer.AsSpan(0, buffer.AsSpan(0, read).IndexOf((byte)'\n') is >= 0 and int at ? at : read));
            for (int i = 0; i < read; i++)
            {
                if (buffer[i] != '\n')
                    continue;
                end = position + i + 1;
                if (++lines == 1)
                    itemsStart = end;
            }
        }
        string first = Encoding.UTF8.GetString([.. bytes]);
        return lines == 0 ? (null, first, 0, 0, 0) : (first, "", itemsStart, lines - 1, end);
    }

    private static void Compare(string path, string head, IReadOnlyList<KeyValuePair<string, string>> settings)
    {
        Dictionary<string, string>? logged;
        try
        {
            logged = JsonSerializer.Deserialize<Dictionary<string, string>>(head) ?? throw new JsonException("The line is null.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                $"{path}, line 1: this is not the first line of a log: {e.Message} The file is something else; give another path.", e);
        }
        IReadOnlyList<string> differences = RecordedSettings.Differences(
            logged, settings.ToDictionary(), (name, was, now) => $"{name} was {was ?? "absent"} and is now {now ?? "absent"}");
        if (differences.Count > 0)
        {
            throw new InvalidDataException($"{path} is the log of a run with other settings: {string.Join("; ", differences)}. "
                + $"Continue with the same settings, give another path, or delete {path} to begin anew.");
        }
    }
}

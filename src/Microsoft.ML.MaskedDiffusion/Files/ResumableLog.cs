using System.Text;
using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Files;

/// <summary>
/// A JSON-lines log that a stopped run goes on with. The first line holds the run's settings; each other line is a finished item. Only
/// lines that end in a line break count: what a crash left behind the last one is cut off. For one writer at a time.
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

    /// <summary>Finished items found when the log was opened.</summary>
    public int Count { get; }

    /// <summary>Where the first item begins, in bytes.</summary>
    public long ItemsStart { get; }

    /// <summary>Opens a log, or starts it where there is none.</summary>
    /// <exception cref="InvalidDataException">
    /// The file is no such log, or one of other settings; the message names the differences.
    /// </exception>
    /// <exception cref="IOException">The file cannot be opened, or another run writes it.</exception>
    public static ResumableLog Open(string path, IReadOnlyList<KeyValuePair<string, string>> settings)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
            Directory.CreateDirectory(folder);
        var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            (string? head, long itemsStart, int count, long end) = Scan(stream);
            stream.SetLength(end);
            if (head is null)
            {
                stream.Write(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(
                    new SortedDictionary<string, string>(settings.ToDictionary(), StringComparer.Ordinal)) + "\n"));
                stream.Flush(flushToDisk: true);
                itemsStart = stream.Position;
            }
            else
            {
                Compare(path, head, settings);
            }
            stream.Position = stream.Length;
            return new ResumableLog(path, stream, itemsStart, count);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>The finished items found when the log was opened, converted lazily; errors name file and line.</summary>
    public IEnumerable<T> Read<T>(Func<string, T> convert)
    {
        using var reader = new StreamReader(new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        reader.ReadLine();
        for (int item = 0; item < Count; item++)
        {
            T value;
            try
            {
                value = convert(reader.ReadLine()!);
            }
            catch (Exception e) when (e is JsonException or InvalidDataException)
            {
                throw new InvalidDataException($"{_path}, line {item + 2}: {e.Message} Delete the log to start anew.", e);
            }
            yield return value;
        }
    }

    /// <summary>Adds items and forces them to disk.</summary>
    public void Append(IEnumerable<string> lines)
    {
        _stream.Write(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n"))));
        _stream.Flush(flushToDisk: true);
    }

    public void Dispose() => _stream.Dispose();

    private static (string? Head, long ItemsStart, int Count, long End) Scan(FileStream stream)
    {
        List<byte> head = [];
        long position = 0, itemsStart = 0, end = 0;
        int lines = 0;
        byte[] buffer = new byte[1 << 16];
        for (int read; (read = stream.Read(buffer)) > 0; position += read)
        {
            if (lines == 0)
                head.AddRange(buffer.AsSpan(0, buffer.AsSpan(0, read).IndexOf((byte)'\n') is >= 0 and int at ? at : read));
            for (int i = 0; i < read; i++)
            {
                if (buffer[i] != '\n')
                    continue;
                end = position + i + 1;
                if (++lines == 1)
                    itemsStart = end;
            }
        }
        return lines == 0 ? (null, 0, 0, 0) : (Encoding.UTF8.GetString([.. head]), itemsStart, lines - 1, end);
    }

    private static void Compare(string path, string head, IReadOnlyList<KeyValuePair<string, string>> settings)
    {
        Dictionary<string, string>? logged;
        try
        {
            logged = JsonSerializer.Deserialize<Dictionary<string, string>>(head);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                $"{path}, line 1: no head of a log: {e.Message} The file is something else; give another path.", e);
        }
        Dictionary<string, string> wanted = settings.ToDictionary();
        string[] differences =
        [
            .. wanted.Keys.Union(logged!.Keys).Order(StringComparer.Ordinal)
                .Where(name => logged.GetValueOrDefault(name) != wanted.GetValueOrDefault(name))
                .Select(name =>
                    $"{name} was {logged.GetValueOrDefault(name) ?? "absent"} and is now {wanted.GetValueOrDefault(name) ?? "absent"}"),
        ];
        if (differences.Length > 0)
            throw new InvalidDataException(
                $"{path} is the log of a run with other settings: {string.Join("; ", differences)}. Go on with the same settings, or give another path.");
    }
}

namespace Microsoft.ML.Data;

/// <summary>Cuts a file into the lines that stand for rows.</summary>
internal static class TextLineReader
{
    /// <summary>The rows' lines with their numbers (from 1), lazily; the header is read off at once.</summary>
    internal static IEnumerable<(long Number, string Text)> Read(TextReader reader, TextLoader.Options options, out string header)
    {
        var lines = Lines(reader, options).GetEnumerator();
        header = options.HasHeader && lines.MoveNext() ? lines.Current.Text : null;
        return Rest(lines);
    }

    private static IEnumerable<(long Number, string Text)> Rest(IEnumerator<(long Number, string Text)> lines)
    {
        using (lines)
        {
            while (lines.MoveNext())
                yield return lines.Current;
        }
    }

    private static IEnumerable<(long Number, string Text)> Lines(TextReader reader, TextLoader.Options options)
    {
        var joined = options.ReadMultilines && options.AllowQuoting;
        for (long number = 1; reader.ReadLine() is { } line; number++)
        {
            var start = number;
            while (joined && EndsInQuotes(line, options.EscapeChar))
            {
                if (reader.ReadLine() is not { } next)
                    break;
                line += "\n" + next;
                number++;
            }
            if (options.TrimWhitespace)
                line = line.TrimEnd();
            if (line.Length > 0 && !line.StartsWith("//", StringComparison.Ordinal))
                yield return (start, line);
        }
    }

    private static bool EndsInQuotes(string line, char escape)
    {
        var inside = false;
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == escape && escape != '"' && inside)
                i++;
            else if (line[i] == '"')
                inside = !inside;
        }
        return inside;
    }
}

using System.Text;
using System.Text.Json;
using Mdm.Settings;

namespace Mdm.Data;

/// <summary>Reads small inputs: from the command line, from a file, or from the standard input, one a line.</summary>
internal static class InputLines
{
    /// <summary>
    /// The inputs that are given, or else those of a file or of the standard input: plain lines, of which an empty one is an empty text, or
    /// JSON objects in a .jsonl file, between which blank lines are left out.
    /// </summary>
    /// <param name="given">What stands on the command line; null for nothing.</param>
    /// <param name="file">The file; null for none.</param>
    /// <param name="fromLine">Makes an input of a plain line; null where only JSON objects are read.</param>
    /// <param name="fromJson">Makes an input of a JSON object.</param>
    /// <param name="context">The streams.</param>
    /// <exception cref="UsageException">There is no input, or too much, or the file is of a kind that is not read.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">A line is not what it should be; the message names it.</exception>
    public static List<T> Read<T>(
        IReadOnlyList<T>? given, string? file, Func<string, T>? fromLine, Func<JsonElement, T> fromJson, ToolContext context)
    {
        if (given is not null)
        {
            return file is null ? [.. given] : throw new UsageException(
                $"There are texts on the command line and in {file}: leave one of the two out.");
        }
        if (file is null && context.Console.IsInputTerminal)
            throw new UsageException("No input: write it behind the command, name a file with --file, or pipe lines into the tool.");
        string source = file ?? "the standard input";
        using Stream stream = file is null ? context.Console.In : OpenFile(file, fromLine is null);
        IEnumerable<(int Number, string Text)> lines = Lines(stream, source);
        List<T> items = fromLine is null || SourceFiles.IsJsonLines(file)
            ? [.. lines.Where(line => !string.IsNullOrWhiteSpace(line.Text))
                .Select(line => Parse(line.Text, $"{source}, line {line.Number}", fromJson))]
            : [.. lines.Select(line => fromLine(Plain(line, source, context)))];
        return items.Count > 0 ? items : throw new InvalidDataException($"There is no text in {source}.");
    }

    /// <summary>A text in a JSON object.</summary>
    /// <exception cref="JsonException">It is not there, or is no text.</exception>
    public static string Text(JsonElement row, string name) =>
        row.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()! : throw new JsonException($"there must be a text \"{name}\"");

    /// <summary>A text in a JSON object; null where there is none.</summary>
    public static string? TextOrNull(JsonElement row, string name) =>
        row.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? Text(row, name) : null;

    /// <summary>
    /// Whether bytes are JSON of a kind that texts are kept in: an object, or an array that begins with an object or a text.
    /// </summary>
    /// <param name="bytes">The bytes, without a byte order mark.</param>
    /// <param name="isWhole">Whether all of the JSON must be there; otherwise its end may be cut off.</param>
    public static bool IsJson(ReadOnlySpan<byte> bytes, bool isWhole)
    {
        var reader = new Utf8JsonReader(bytes, isWhole, default);
        try
        {
            if (!reader.Read() || reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
                return false;
            // [1] may be a footnote.
            if (reader.TokenType == JsonTokenType.StartArray
                && !(reader.Read() && reader.TokenType is JsonTokenType.StartObject or JsonTokenType.String))
            {
                return false;
            }
            while (reader.Read())
                continue;
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static FileStream OpenFile(string file, bool isJson)
    {
        SourceFiles.RequireFile(file);
        SourceFiles.RefuseOtherKinds(file, isJson ? "JSON lines" : "files with a text a line, and JSON lines (.jsonl)");
        if (Tables.IsTable(file))
        {
            throw new UsageException($"{file} is a table, whose rows this command does not read: take mdm batch for it, or write its texts "
                + "into a file with one a line.");
        }
        return File.OpenRead(file);
    }

    // The lines as the library reads them: they end in \n or \r\n, and a byte order mark is no part of the first.
    private static IEnumerable<(int Number, string Text)> Lines(Stream stream, string source)
    {
        using var buffered = new BufferedStream(stream, 1 << 16);
        using var line = new MemoryStream();
        int number = 1;
        for (int value = buffered.ReadByte(); value >= 0; value = buffered.ReadByte())
        {
            if (value != '\n')
            {
                line.WriteByte((byte)value);
                continue;
            }
            yield return (number, Decode(line, number, source));
            line.SetLength(0);
            number++;
        }
        string last = Decode(line, number, source);
        if (last.Length > 0)
            yield return (number, last);
    }

    private static string Decode(MemoryStream line, int number, string source)
    {
        ReadOnlySpan<byte> bytes = line.GetBuffer().AsSpan(0, (int)line.Length);
        if (number == 1 && bytes.StartsWith(Encoding.UTF8.Preamble))
            bytes = bytes[Encoding.UTF8.Preamble.Length..];
        if (bytes.EndsWith("\r"u8))
            bytes = bytes[..^1];
        try
        {
            return StrictUtf8.Encoding.GetString(bytes);
        }
        catch (DecoderFallbackException error)
        {
            throw new InvalidDataException($"{source}, line {number}: the bytes are not UTF-8. Convert the text to UTF-8.", error);
        }
    }

    // Only a file's name says that lines are JSON, so whoever pipes such lines into the tool is told what becomes of them.
    private static string Plain((int Number, string Text) line, string source, ToolContext context)
    {
        if (line.Number == 1 && line.Text.TrimStart().StartsWith('{') && IsJson(Encoding.UTF8.GetBytes(line.Text), isWhole: true))
        {
            context.Say($"The first line of {source} is a JSON object, and is taken for plain text, as all its lines are; JSON lines are "
                + "read from a --file whose name ends in .jsonl.");
        }
        return line.Text;
    }

    private static T Parse<T>(string line, string place, Func<JsonElement, T> fromJson)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? fromJson(document.RootElement) : throw new JsonException("there must be a JSON object");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The second one is thrown for half a surrogate pair, written as an escape.
            throw new InvalidDataException($"{place}: {error.Message.TrimEnd('.')}.", error);
        }
    }
}

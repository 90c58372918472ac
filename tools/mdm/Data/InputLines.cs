using System.Text.Json;
using Mdm.Settings;

namespace Mdm.Data;

/// <summary>Reads small inputs: from the command line, from a file, or from the standard input, one a line.</summary>
internal static class InputLines
{
    /// <summary>
    /// The inputs that are given, or else those of a file or of the standard input: plain lines, or JSON objects in a .jsonl file. Empty
    /// lines are left out.
    /// </summary>
    /// <param name="given">What stands on the command line; null for nothing.</param>
    /// <param name="file">The file; null for none.</param>
    /// <param name="fromLine">Makes an input of a plain line; null where only JSON objects are read.</param>
    /// <param name="fromJson">Makes an input of a JSON object.</param>
    /// <param name="context">The streams.</param>
    /// <exception cref="UsageException">There is no input, or too much.</exception>
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
        bool isJson = fromLine is null || Path.GetExtension(file) is ".jsonl" or ".ndjson";
        string source = file ?? "the standard input";
        List<T> items = [];
        foreach ((int index, string line) in Lines(file, context).Index())
        {
            if (line.Length > 0)
                items.Add(isJson ? Parse(line, $"{source}, line {index + 1}", fromJson) : fromLine!(line));
        }
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

    private static IEnumerable<string> Lines(string? file, ToolContext context)
    {
        if (file is not null)
            return System.IO.File.ReadLines(file);
        return context.Console.In.ReadToEnd().ReplaceLineEndings("\n").Split('\n');
    }

    private static T Parse<T>(string line, string place, Func<JsonElement, T> fromJson)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? fromJson(document.RootElement) : throw new JsonException("there must be a JSON object");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{place}: {error.Message}.", error);
        }
    }
}

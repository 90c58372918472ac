using System.Text.Json;
using Reproduce.Experiments.Common;

namespace Reproduce.Experiments.MtBench;

/// <summary>A question of MT-Bench: several turns of a user, of which the published models answer the first.</summary>
internal sealed record JudgedQuestion(int Id, string Category, string[] Turns)
{
    /// <summary>Reads FastChat's question.jsonl, sorted by the questions' ids.</summary>
    /// <exception cref="FormatException">A line is not of that form, or an id stands twice; the message names file and line.</exception>
    public static JudgedQuestion[] Read(string path)
    {
        var known = new HashSet<int>();
        var questions = new List<JudgedQuestion>();
        foreach ((int i, string line) in File.ReadLines(path).Index())
        {
            string place = $"{path}, line {i + 1}";
            JudgedQuestion question = Parse(line, place);
            if (!known.Add(question.Id))
                throw Error(place, $"question_id {question.Id} stands there a second time");
            questions.Add(question);
        }
        return questions.Count > 0 ? [.. questions.OrderBy(question => question.Id)] : throw Error(path, "there is no question");
    }

    /// <summary>Parses a line.</summary>
    /// <param name="line">The line.</param>
    /// <param name="place">Where it is, for the message of an error.</param>
    /// <exception cref="FormatException">It is not of FastChat's form.</exception>
    public static JudgedQuestion Parse(string line, string place)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement row = document.RootElement;
            string?[] turns = [.. row.GetProperty("turns").EnumerateArray().Select(turn => turn.GetString())];
            if (turns.Length == 0 || turns.Any(string.IsNullOrWhiteSpace))
                throw Error(place, "a turn is empty, or there is none");
            if (!row.GetProperty("question_id").TryGetInt32(out int id))
                throw Error(place, "question_id is not a whole number");
            return new JudgedQuestion(id, row.GetProperty("category").GetString()!, turns!);
        }
        catch (Exception error) when (JsonFault.Is(error))
        {
            throw Error(place, JsonFault.Words(error));
        }
    }

    private static FormatException Error(string place, string fault) => new(
        $"{place}: {fault}. Each line must be a JSON object of FastChat's question.jsonl: question_id, category and turns.");
}

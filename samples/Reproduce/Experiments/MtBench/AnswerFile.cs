using System.Text.Json;
using Reproduce.Experiments.Common;
using Reproduce.Runs;

namespace Reproduce.Experiments.MtBench;

/// <summary>
/// FastChat's answer file, which its judge reads: a JSON line for each question, sorted by question, with the answer to the first turn and
/// an empty text for each turn after it.
/// </summary>
internal static class AnswerFile
{
    private const int IdLength = 22;

    // The letters of a short UUID: digits and letters that cannot be taken for one another.
    private const string IdLetters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

    private static readonly string[] Fields = ["question_id", "answer_id", "model_id", "choices", "tstamp"];

    /// <summary>Writes the file.</summary>
    /// <param name="path">The file, which is named after the model.</param>
    /// <param name="answers">The questions with their answers.</param>
    /// <param name="seed">Makes the answers' ids.</param>
    /// <param name="now">When the answers were written.</param>
    public static void Write(string path, IEnumerable<(JudgedQuestion Question, string Answer)> answers, int seed, DateTimeOffset now)
    {
        var random = new Random(seed);
        File.WriteAllLines(path,
        [
            .. answers.OrderBy(answer => answer.Question.Id).Select(answer => JsonSerializer.Serialize(new
            {
                question_id = answer.Question.Id,
                answer_id = random.GetString(IdLetters, IdLength),
                model_id = Path.GetFileNameWithoutExtension(path),
                choices = new[] { new { index = 0, turns = answer.Question.Turns.Select((_, turn) => turn == 0 ? answer.Answer : "") } },
                tstamp = now.ToUnixTimeMilliseconds() / 1000.0,
            }, Json.Line)),
        ]);
    }

    /// <summary>What is wrong with a file, by line; empty where the judge can read it and each question has an answer.</summary>
    public static IReadOnlyList<string> Faults(string path, IReadOnlyList<JudgedQuestion> questions)
    {
        var faults = new List<string>();
        var read = new List<int>();
        var ids = new HashSet<string>();
        foreach ((int i, string line) in File.ReadLines(path).Index())
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(line);
                faults.AddRange(FaultsOfLine(document.RootElement, path, questions, read, ids).Select(fault => $"line {i + 1}: {fault}"));
            }
            catch (Exception error) when (JsonFault.Is(error) || error is FormatException)
            {
                faults.Add($"line {i + 1}: {JsonFault.Words(error)}");
            }
        }
        if (!read.SequenceEqual(read.Distinct().Order()))
            faults.Add("the lines are not sorted by question_id, or a question stands there twice");
        faults.AddRange(questions.Where(question => !read.Contains(question.Id))
            .Select(question => $"question {question.Id} has no answer"));
        return faults;
    }

    private static IEnumerable<string> FaultsOfLine(
        JsonElement row, string path, IReadOnlyList<JudgedQuestion> questions, List<int> read, HashSet<string> ids)
    {
        string[] names = [.. row.EnumerateObject().Select(field => field.Name)];
        if (!names.Order(StringComparer.Ordinal).SequenceEqual(Fields.Order(StringComparer.Ordinal)))
            yield return $"it has the fields {string.Join(", ", names)} instead of {string.Join(", ", Fields)}";
        int id = row.GetProperty("question_id").GetInt32();
        read.Add(id);
        JudgedQuestion? question = questions.FirstOrDefault(known => known.Id == id);
        if (question is null)
            yield return $"there is no question {id}";
        string answerId = row.GetProperty("answer_id").GetString()!;
        if (answerId.Length != IdLength || answerId.Any(letter => !IdLetters.Contains(letter, StringComparison.Ordinal)))
            yield return $"answer_id {answerId} is not a short UUID";
        if (!ids.Add(answerId))
            yield return $"answer_id {answerId} stands there a second time";
        if (row.GetProperty("model_id").GetString() != Path.GetFileNameWithoutExtension(path))
            yield return "model_id is not the file's name";
        if (!(row.GetProperty("tstamp").GetDouble() > 0))
            yield return "tstamp is not a time";
        JsonElement choices = row.GetProperty("choices");
        if (choices.GetArrayLength() != 1 || choices[0].GetProperty("index").GetInt32() != 0)
        {
            yield return "choices is not a list of one choice with index 0";
            yield break;
        }
        string[] turns = [.. choices[0].GetProperty("turns").EnumerateArray().Select(turn => turn.GetString()!)];
        if (question is not null && turns.Length != question.Turns.Length)
            yield return $"it has {turns.Length} turns and the question {question.Turns.Length}";
        if (turns.Length == 0 || turns[0].Trim().Length == 0)
            yield return "the answer is empty";
        if (turns.Skip(1).Any(turn => turn.Length > 0))
            yield return "a turn after the first is answered";
    }
}

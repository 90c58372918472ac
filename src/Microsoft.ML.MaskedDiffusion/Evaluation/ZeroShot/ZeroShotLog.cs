using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Evaluation.ZeroShot;

/// <summary>
/// The log of a task: one line for each question, with a key of the question's content so that changed questions are recognized.
/// </summary>
internal sealed class ZeroShotLog : IDisposable
{
    private static readonly JsonSerializerOptions Json = new()
    {
        Converters = { new JsonStringEnumConverter() },
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly ResumableLog _log;
    private readonly string _path;

    private ZeroShotLog(ResumableLog log, string path) => (_log, _path) = (log, path);

    public static ZeroShotLog Open(string folder, ZeroShotTask task, IEnumerable<KeyValuePair<string, string>> settings)
    {
        ZeroShotTask.CheckName(task.Name);
        string path = Path.Combine(folder, task.Name + ".jsonl");
        return new(ResumableLog.Open(path, [new("log", "zero-shot 1"), new("task", task.Name), .. settings]), path);
    }

    /// <summary>The answers of an earlier run to the first of these questions.</summary>
    public List<ZeroShotAnswer> Resume(IReadOnlyList<ZeroShotQuestion> questions)
    {
        List<ZeroShotAnswer> answers = [];
        foreach (Line line in _log.Read(text => Parse(text, questions[answers.Count])).Take(questions.Count))
        {
            ZeroShotQuestion question = questions[answers.Count];
            if (line.Question != KeyOf(question))
                throw new InvalidDataException(
                    $"{_path}: the log's line {answers.Count + 2} belongs to another question than number {answers.Count + 1} of the data, "
                    + $"'{TextExcerpt.Of(question.Id)}': the data has changed. Give another log folder.");
            answers.Add(line.Answer);
        }
        return answers;
    }

    public void Append(IReadOnlyList<ZeroShotQuestion> questions, IReadOnlyList<ZeroShotAnswer> answers) =>
        _log.Append(answers.Select((answer, i) => JsonSerializer.Serialize(new Line(KeyOf(questions[i]), answer), Json)));

    /// <summary>A key of the content of questions.</summary>
    public static string KeyOf(IEnumerable<ZeroShotQuestion> questions) => Hexadecimal(string.Concat(questions.Select(KeyOf)));

    public void Dispose() => _log.Dispose();

    // Whether it is the answer to this question is said by the key, which the caller compares.
    private static Line Parse(string text, ZeroShotQuestion question)
    {
        Line line = JsonSerializer.Deserialize<Line>(text, Json)
            ?? throw new InvalidDataException("this is null, and no answer of a stopped run.");
        ZeroShotAnswer answer = line.Answer;
        int[] counts = [answer.LogLikelihoods.Count, answer.StandardErrors.Count, answer.CharacterCounts.Count, answer.ByteCounts.Count,
            answer.TokenCounts.Count];
        // The line may belong to another question; whether its right option and its counts fit is then not decided here.
        bool fits = line.Question != KeyOf(question)
            || (answer.Gold == question.Gold && (counts[0] == 0 || counts[0] == question.Choices.Count));
        if (counts.Distinct().Count() > 1 || !fits)
        {
            throw new InvalidDataException($"its lists have {string.Join(", ", counts)} entries and its right option is {answer.Gold}, but "
                + $"the question has {question.Choices.Count} options, of which {question.Gold} is right.");
        }
        return line;
    }

    private static string KeyOf(ZeroShotQuestion question) => Hexadecimal(JsonSerializer.Serialize(question));

    private static string Hexadecimal(string content) => ContentKey.Of(content).ToString("x16", CultureInfo.InvariantCulture);

    private sealed record Line(
        [property: JsonPropertyName("question")] string Question,
        [property: JsonPropertyName("answer")] ZeroShotAnswer Answer);
}

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Files;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Evaluation.ZeroShot;

/// <summary>
/// The log of a task: one line for each question, with a key of the question's content so that changed questions are recognized.
/// </summary>
internal sealed class ZeroShotLog : IDisposable
{
    private static readonly JsonSerializerOptions Json = new()
    {
        Converters = { new JsonStringEnumConverter() },
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly ResumableLog _log;

    private ZeroShotLog(ResumableLog log) => _log = log;

    public static ZeroShotLog Open(string folder, ZeroShotTask task, IEnumerable<KeyValuePair<string, string>> settings)
    {
        ZeroShotTask.CheckName(task.Name);
        return new(ResumableLog.Open(
            Path.Combine(folder, task.Name + ".jsonl"), [new("log", "zero-shot 1"), new("task", task.Name), .. settings]));
    }

    /// <summary>The answers of an earlier run to the first of these questions.</summary>
    public List<ZeroShotAnswer> Resume(IReadOnlyList<ZeroShotQuestion> questions)
    {
        List<ZeroShotAnswer> answers = [];
        foreach (Line line in _log.Read(text => JsonSerializer.Deserialize<Line>(text, Json)!).Take(questions.Count))
        {
            ZeroShotQuestion question = questions[answers.Count];
            if (line.Question != KeyOf(question))
                throw new InvalidDataException(
                    $"The log's line {answers.Count + 2} belongs to another question than number {answers.Count + 1} of the data, "
                    + $"'{question.Id}': the data has changed. Give another log folder.");
            answers.Add(line.Answer);
        }
        return answers;
    }

    public void Append(IReadOnlyList<ZeroShotQuestion> questions, IReadOnlyList<ZeroShotAnswer> answers) =>
        _log.Append(answers.Select((answer, i) => JsonSerializer.Serialize(new Line(KeyOf(questions[i]), answer), Json)));

    public void Dispose() => _log.Dispose();

    private static string KeyOf(ZeroShotQuestion question) =>
        ContentKey.Of(JsonSerializer.Serialize(question)).ToString("x16", CultureInfo.InvariantCulture);

    private sealed record Line(
        [property: JsonPropertyName("question")] string Question,
        [property: JsonPropertyName("answer")] ZeroShotAnswer Answer);
}

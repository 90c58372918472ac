using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Corpora.Documents;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Prompts;

/// <summary>Reads GSM8K. Each line gives two rows: first the reasoning is learned from the question, then the answer from both.</summary>
internal sealed class Gsm8kReader : FineTuningReader
{
    private const string AnswerMark = "####", QuestionMark = "||";

    // A line that begins with a brace is JSON, any other is of the text format.
    private protected override IEnumerable<FineTuningRecord> Records(string path) =>
        TextLines.Read(path, (text, line) => text.StartsWith('{') ? JsonLines.Parse(text, line, FromJson) : FromText(text));

    private static FineTuningRecord FromJson(JsonElement row, int line) =>
        FromParts(row.Text("question"), row.Text("answer").Split(AnswerMark));

    private static FineTuningRecord FromText(string text)
    {
        string[] parts = text.Split(QuestionMark);
        return parts.Length == 2
            ? FromParts(parts[0], parts[1].Split(AnswerMark))
            : FineTuningRecord.Skip($"without exactly one '{QuestionMark}'");
    }

    private static FineTuningRecord FromParts(string question, string[] answer)
    {
        if (answer.Length != 2)
            return FineTuningRecord.Skip($"without exactly one '{AnswerMark}'");
        string prompt = "Question: " + question, reasoning = "Answer: " + answer[0];
        return FineTuningRecord.Of(new FineTuningRow(prompt, "", reasoning), new FineTuningRow(prompt, reasoning, AnswerMark + answer[1]));
    }
}

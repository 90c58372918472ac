using System.Text;
using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Corpora.Documents;

namespace Microsoft.ML.MaskedDiffusion.Evaluation.ZeroShot.Tasks;

/// <summary>
/// RACE: the last question of an article, the earlier ones given with their answers. Rows are RACE's own files, one a line:
/// `{article, questions, options, answers}`, answers as letters.
/// </summary>
internal sealed class RaceTask : ZeroShotTask
{
    private const string ClozeEnd = "  _  .";

    public override string Name => "race";

    public override bool ReportsNormalizedAccuracy => false;

    protected override ZeroShotQuestion Read(JsonElement row, string id)
    {
        IReadOnlyList<string> questions = row.Texts("questions"), answers = row.Texts("answers");
        JsonElement[] options = [.. row.Field("options").EnumerateArray()];
        if (questions.Count == 0 || questions.Count != answers.Count || questions.Count != options.Length)
            throw new InvalidDataException(
                $"expected as many options and answers as questions, found {questions.Count} questions, {options.Length} options, "
                + $"{answers.Count} answers");
        var context = new StringBuilder($"Article: {row.Text("article")}\n\n");
        for (int i = 0; i < questions.Count - 1; i++)
        {
            string answer = Choices(options[i])[Letter(answers[i], options[i])];
            // The harness up to race version 2 keeps only the last five characters of a cloze question; the published figures were made
            // with that.
            context.Append(
                questions[i].EndsWith(ClozeEnd, StringComparison.Ordinal) ? $"{questions[i][^5..]}{answer}\n" : "Question: "
                + $"{questions[i]}\nAnswer: {answer}\n");
        }
        context.Append(questions[^1]);
        return new ZeroShotQuestion(row.IdOr("id", id), context.ToString(), Choices(options[^1]), Letter(answers[^1], options[^1]));
    }

    private static string[] Choices(JsonElement options) => [.. options.EnumerateArray().Select(option => option.GetString() ?? "")];

    private static int Letter(string answer, JsonElement options)
    {
        int index = answer.Length == 1 ? answer[0] - 'A' : -1;
        return index >= 0 && index < options.GetArrayLength()
            ? index
            : throw new InvalidDataException(
                $"the answer '{answer}' is none of the letters A to {(char)('A' + options.GetArrayLength() - 1)}");
    }
}

using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Corpora.Documents;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Evaluation.ZeroShot.Tasks;

/// <summary>
/// Rows with labelled options and the label of the right one, as in OpenBookQA and ARC: the options are a list of objects, or two parallel
/// lists.
/// </summary>
internal static class LabelledChoices
{
    public static (string Stem, IReadOnlyList<string> Choices, int Gold) Read(JsonElement row)
    {
        JsonElement question = row.TryGetProperty("question_stem", out var stem) ? stem : row.Field("question");
        string text = question.ValueKind == JsonValueKind.Object ? question.Text("stem") : question.GetString()
            ?? throw new InvalidDataException("field 'question' is empty");
        JsonElement choices = question.ValueKind == JsonValueKind.Object ? question.Field("choices") : row.Field("choices");
        (IReadOnlyList<string> texts, IReadOnlyList<string> labels) = choices.ValueKind == JsonValueKind.Array
            ? ([.. choices.EnumerateArray().Select(c => c.Text("text"))], (IReadOnlyList<string>)[.. choices.EnumerateArray()
                .Select(c => c.Text("label"))])
            : (choices.Texts("text"), choices.Texts("label"));
        string answer = row.Text("answerKey").TrimStart();
        int gold = labels.ToList().IndexOf(answer);
        return gold >= 0
            ? (text, texts, gold)
            : throw new InvalidDataException($"field 'answerKey' is '{TextExcerpt.Of(answer)}', but the options' labels are "
                + TextExcerpt.Of(string.Join(", ", labels)));
    }
}

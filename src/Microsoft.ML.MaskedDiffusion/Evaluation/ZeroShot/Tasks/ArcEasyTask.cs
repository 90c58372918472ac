using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Corpora.Documents;

namespace Microsoft.ML.MaskedDiffusion.Evaluation.ZeroShot.Tasks;

/// <summary>ARC-Easy: 3 to 5 options.</summary>
internal sealed class ArcEasyTask : ZeroShotTask
{
    public override string Name => "arc_easy";

    protected override ZeroShotQuestion Read(JsonElement row, string id)
    {
        var (stem, choices, gold) = LabelledChoices.Read(row);
        return new ZeroShotQuestion(row.IdOr("id", id), $"Question: {stem}\nAnswer:", choices, gold);
    }
}

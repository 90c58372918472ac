using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Corpora.Documents;

namespace Microsoft.ML.MaskedDiffusion.Evaluation.ZeroShot.Tasks;

/// <summary>OpenBookQA: the bare question stem.</summary>
internal sealed class OpenBookQATask : ZeroShotTask
{
    public override string Name => "openbookqa";

    protected override ZeroShotQuestion Read(JsonElement row, string id)
    {
        var (stem, choices, gold) = LabelledChoices.Read(row);
        return new ZeroShotQuestion(row.IdOr("id", id), stem, choices, gold);
    }
}

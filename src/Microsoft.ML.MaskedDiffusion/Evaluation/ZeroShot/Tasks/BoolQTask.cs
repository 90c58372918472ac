using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Corpora.Documents;

namespace Microsoft.ML.MaskedDiffusion.Evaluation.ZeroShot.Tasks;

/// <summary>BoolQ: no or yes. Reads the official `answer` (true or false) and SuperGLUE's `label`.</summary>
internal sealed class BoolQTask : ZeroShotTask
{
    public override string Name => "boolq";

    public override bool ReportsNormalizedAccuracy => false;

    protected override ZeroShotQuestion Read(JsonElement row, string id) =>
        new(row.IdOr("idx", id), $"{row.Text("passage")}\nQuestion: {row.Text("question")}?\nAnswer:", ["no", "yes"],
            row.TruthOrIndex(row.TryGetProperty("label", out _) ? "label" : "answer"));
}

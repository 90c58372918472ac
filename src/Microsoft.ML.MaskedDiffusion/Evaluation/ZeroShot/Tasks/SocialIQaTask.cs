using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Corpora.Documents;

namespace Microsoft.ML.MaskedDiffusion.Evaluation.ZeroShot.Tasks;

/// <summary>Social IQa: three answers, labels from 1.</summary>
internal sealed class SocialIQaTask : ZeroShotTask
{
    public override string Name => "social_iqa";

    public override bool ReportsNormalizedAccuracy => false;

    protected override ZeroShotQuestion Read(JsonElement row, string id) =>
        new(
            id, $"Q: {row.Text("context")} {row.Text("question")}\nA:",
            [row.Text("answerA"), row.Text("answerB"), row.Text("answerC")], row.Index("label") - 1);
}

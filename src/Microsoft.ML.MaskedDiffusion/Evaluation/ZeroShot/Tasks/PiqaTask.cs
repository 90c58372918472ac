using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Corpora.Documents;

namespace Microsoft.ML.MaskedDiffusion.Evaluation.ZeroShot.Tasks;

/// <summary>PIQA: two solutions to a goal.</summary>
internal sealed class PiqaTask : ZeroShotTask
{
    public override string Name => "piqa";

    protected override ZeroShotQuestion Read(JsonElement row, string id) =>
        new(row.IdOr("id", id), $"Question: {row.Text("goal")}\nAnswer:", [row.Text("sol1"), row.Text("sol2")], row.Index("label"));

    // Ready-made rows stop at the end of the question; the harness's prompt goes on.
    protected override string ContextFromQuery(string query) =>
        query.EndsWith("Answer:", StringComparison.Ordinal) ? query : query.TrimEnd('\n') + "\nAnswer:";
}

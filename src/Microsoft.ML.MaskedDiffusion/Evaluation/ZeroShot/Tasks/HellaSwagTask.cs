using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.ML.MaskedDiffusion.Corpora.Documents;

namespace Microsoft.ML.MaskedDiffusion.Evaluation.ZeroShot.Tasks;

/// <summary>HellaSwag: four endings, with the harness's clean-up of WikiHow marks.</summary>
internal sealed partial class HellaSwagTask : ZeroShotTask
{
    public override string Name => "hellaswag";

    protected override ZeroShotQuestion Read(JsonElement row, string id) =>
        new(row.IdOr("ind", id), Clean($"{row.Text("activity_label")}: {row.Text("ctx_a")} {Capitalize(row.Text("ctx_b"))}"),
            [.. row.Texts("endings").Select(Clean)], row.Index("label"));

    internal static string Clean(string text) =>
        Bracketed().Replace(text.Trim().Replace(" [title]", ". ", StringComparison.Ordinal), "").Replace(
            "  ", " ", StringComparison.Ordinal);

    /// <summary>As Python's str.capitalize: the first character in upper (title) case, all others in lower case.</summary>
    internal static string Capitalize(string text) =>
        text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..].ToLowerInvariant();

    [GeneratedRegex(@"\[.*?\]")]
    private static partial Regex Bracketed();
}

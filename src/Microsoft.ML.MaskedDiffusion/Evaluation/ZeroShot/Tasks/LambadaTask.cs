using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Corpora.Documents;

namespace Microsoft.ML.MaskedDiffusion.Evaluation.ZeroShot.Tasks;

/// <summary>LAMBADA: the last word of a passage, right when greedy decoding finds all its tokens.</summary>
internal sealed class LambadaTask : ZeroShotTask
{
    public override string Name => "lambada_standard";

    public override bool Greedy => true;

    public override bool ReportsNormalizedAccuracy => false;

    protected override ZeroShotQuestion Read(JsonElement row, string id)
    {
        if (row.TryGetProperty("continuation", out _))
            return new ZeroShotQuestion(id, row.Text("context"), [row.Text("continuation").TrimStart(' ')], 0);
        string text = row.Text("text");
        int cut = text.LastIndexOf(' ');
        return cut > 0 && cut < text.Length - 1
            ? new ZeroShotQuestion(id, text[..cut], [text[(cut + 1)..]], 0)
            : throw new InvalidDataException("field 'text' has no last word after a space");
    }
}

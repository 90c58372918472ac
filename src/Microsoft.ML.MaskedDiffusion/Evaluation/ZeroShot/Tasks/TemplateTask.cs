using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.ML.MaskedDiffusion.Corpora.Documents;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Evaluation.ZeroShot.Tasks;

/// <summary>A task that a JSON file describes.</summary>
internal sealed partial class TemplateTask(JsonTaskDefinition definition) : ZeroShotTask
{
    /// <summary>What is wrong with a template; null where nothing is.</summary>
    public static string? FaultOf(string template)
    {
        int brace = Slot().Replace(template, match => new string(' ', match.Length)).AsSpan().IndexOfAny('{', '}');
        if (brace < 0)
            return null;
        return $"the brace '{template[brace]}' at character {brace + 1} of \"{TextExcerpt.Of(template)}\" has no partner around a field's "
            + "name; write {{ or }} for a brace as text";
    }

    public override string Name => definition.Name;

    public override bool Greedy => definition.Greedy;

    protected override ZeroShotQuestion Read(JsonElement row, string id)
    {
        IReadOnlyList<string> choices = definition.ChoicesField is { } field
            ? Parent(row, field, out string last).Texts(last)
            : [.. definition.Choices!.Select(template => Fill(template, row))];
        return new ZeroShotQuestion(row.IdOr("id", id), Fill(definition.Context, row), choices, Gold(row, choices), definition.Separator);
    }

    private int Gold(JsonElement row, IReadOnlyList<string> choices)
    {
        if (definition.GoldField is not { } field)
            return 0;
        JsonElement parent = Parent(row, field, out string last);
        if (parent.Field(last) is { ValueKind: JsonValueKind.String } text
            && choices.ToList().IndexOf(text.GetString()!) is >= 0 and int index)
            return index;
        return parent.Index(last) - definition.FirstIndex;
    }

    private static string Fill(string template, JsonElement row) => Slot().Replace(template, match => match.Value switch
    {
        "{{" => "{",
        "}}" => "}",
        _ => Parent(row, match.Groups[1].Value, out string last).Text(last),
    });

    private static JsonElement Parent(JsonElement row, string path, out string last)
    {
        string[] names = path.Split('.');
        last = names[^1];
        return names[..^1].Aggregate(row, (element, name) => element.Field(name));
    }

    [GeneratedRegex(@"\{\{|\}\}|\{([^{}]+)\}")]
    private static partial Regex Slot();
}

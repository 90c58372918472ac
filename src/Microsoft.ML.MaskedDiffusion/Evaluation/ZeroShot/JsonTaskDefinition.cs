using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Evaluation.ZeroShot.Tasks;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// A zero-shot task as data. Templates are texts with fields in braces, <c>"Question: {goal}\nAnswer:"</c>; a dot leads into objects,
/// <c>{question.stem}</c>; <c>{{</c> and <c>}}</c> stand for braces, and a brace that stands alone is an error.
/// </summary>
public sealed record JsonTaskDefinition
{
    private static readonly JsonSerializerOptions Json = new()
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        RespectNullableAnnotations = true,
    };

    /// <summary>The task's name, for tables and logs. Required.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary>Template of the context. Required.</summary>
    [JsonPropertyName("context")]
    public required string Context { get; init; }

    /// <summary>Templates of the options, one each; or null where <see cref="ChoicesField"/> names a field that holds the list.</summary>
    [JsonPropertyName("choices")]
    public IReadOnlyList<string>? Choices { get; init; }

    /// <summary>The field that holds the list of options; or null where <see cref="Choices"/> is given.</summary>
    [JsonPropertyName("choices_field")]
    public string? ChoicesField { get; init; }

    /// <summary>
    /// The field with the right option: its index, or its text, but no truth value. Required unless <see cref="Greedy"/>.
    /// </summary>
    [JsonPropertyName("gold_field")]
    public string? GoldField { get; init; }

    /// <summary>The index of the first option in <see cref="GoldField"/>: 0, the default, or 1.</summary>
    [JsonPropertyName("first_index")]
    public int FirstIndex { get; init; }

    /// <summary>What stands between context and option; <c>delimiter</c> in the file. Default one space.</summary>
    [JsonPropertyName("delimiter")]
    public string Separator { get; init; } = " ";

    /// <summary>True where there is one option, and a question counts as right when greedy decoding finds it. Default false.</summary>
    [JsonPropertyName("greedy")]
    public bool Greedy { get; init; }

    /// <summary>Reads a definition; field names are in snake case (<c>choices_field</c>).</summary>
    /// <param name="path">The JSON file.</param>
    /// <exception cref="InvalidDataException">The file is not such a definition; the message says what is wrong.</exception>
    public static JsonTaskDefinition Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        JsonTaskDefinition definition;
        try
        {
            definition = JsonSerializer.Deserialize<JsonTaskDefinition>(JsonFile.Read(path).Span, Json)
                ?? throw new InvalidDataException($"{path}: the file is empty.");
        }
        catch (JsonException e)
        {
            string fields = string.Join(", ", Json.GetTypeInfo(typeof(JsonTaskDefinition)).Properties.Select(property => property.Name));
            throw new InvalidDataException($"{path}: no task definition, whose fields are {fields}: {e.Message}", e);
        }
        try
        {
            ZeroShotTask.CheckName(definition.Name);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
        if (definition.Choices is null == definition.ChoicesField is null)
            throw new InvalidDataException(
                $"{path}: give either 'choices' (templates) or 'choices_field' (a field with a list), not both and not none.");
        if (definition.GoldField is null && !definition.Greedy)
            throw new InvalidDataException($"{path}: 'gold_field' is missing; only a greedy task can do without.");
        if (definition.Choices?.Any(choice => choice is null) == true)
            throw new InvalidDataException($"{path}: one of the 'choices' is null; each must be a template.");
        foreach (string template in (definition.Choices ?? []).Prepend(definition.Context))
        {
            if (TemplateTask.FaultOf(template) is { } fault)
                throw new InvalidDataException($"{path}: {fault}.");
        }
        if (definition.FirstIndex is not (0 or 1))
            throw new InvalidDataException($"{path}: 'first_index' is {definition.FirstIndex}, but must be 0 or 1.");
        return definition;
    }
}

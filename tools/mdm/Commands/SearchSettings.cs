using System.Text.Json;
using Mdm.Data;
using Mdm.Settings;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Commands;

/// <summary>The settings of 'mdm search'.</summary>
internal sealed class SearchSettings : TextLearningSettings
{
    /// <summary>A tokenizer's file or "bytes"; null learns a tokenizer from the text.</summary>
    public string? Tokenizer { get; set; }

    /// <summary>Tokens of a tokenizer that is learned.</summary>
    public int VocabularySize { get; set; } = 8192;

    /// <summary>The most held-out documents that a model is measured on.</summary>
    public int MetricDocuments { get; set; } = 200;

    /// <summary>Where the report goes, a page of HTML; null for none.</summary>
    public string? Report { get; set; }

    /// <summary>What is varied.</summary>
    public IReadOnlyList<SpaceDimension> Space { get; set; } = [.. SearchSpace.Default().Dimensions.Select(SpaceDimension.Of)];

    /// <summary>The options of the search, with those of the trainer that it begins from.</summary>
    public SearchOptions Search { get; set; } = new();
}

/// <summary>An option that a search varies: between two numbers, or among some values.</summary>
internal sealed class SpaceDimension
{
    /// <summary>The trainer's option, such as "LearningRate" or "Optimizer.Beta2".</summary>
    public string Option { get; set; } = "";

    /// <summary>The least number; null with <see cref="Choices"/>.</summary>
    public double? Minimum { get; set; }

    /// <summary>The largest number; null with <see cref="Choices"/>.</summary>
    public double? Maximum { get; set; }

    /// <summary>Whether logarithms are spread evenly between the two.</summary>
    public bool Logarithmic { get; set; }

    /// <summary>The values to choose from: numbers, texts, true, false and null, and networks as objects; null with a range.</summary>
    public IReadOnlyList<JsonElement>? Choices { get; set; }

    /// <summary>A dimension of the library's space.</summary>
    public static SpaceDimension Of(SearchDimension dimension) => dimension.Choices.Count > 0
        ? new()
        {
            Option = dimension.Option,
            Choices = [.. dimension.Choices.Select(value => JsonSerializer.SerializeToElement(value, SettingsFormat.Options))],
        }
        : new()
        {
            Option = dimension.Option,
            Minimum = dimension.Minimum,
            Maximum = dimension.Maximum,
            Logarithmic = dimension.IsLogarithmic,
        };

    /// <summary>Adds the dimension to a space of the library.</summary>
    /// <exception cref="ArgumentException">There is no such option, or it cannot have these values.</exception>
    /// <exception cref="UsageException">A value is none that the tool reads.</exception>
    public void AddTo(SearchSpace space)
    {
        if (Choices is { } choices)
            space.Choice(Option, [.. choices.Select(Value)]);
        else
            space.Range(Option, Minimum ?? double.NaN, Maximum ?? double.NaN, Logarithmic);
    }

    private object? Value(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.TryGetInt64(out long whole) ? whole : value.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Null => null,
        JsonValueKind.Object when Option == nameof(TrainerOptions.Network) => Network(value),
        _ => throw Wrong(value, null),
    };

    private TransformerConfig? Network(JsonElement value)
    {
        try
        {
            return value.Deserialize<TransformerConfig>(SettingsFormat.Options);
        }
        catch (JsonException error)
        {
            throw Wrong(value, error);
        }
    }

    private UsageException Wrong(JsonElement value, JsonException? error) => new(
        $"Space: {Option} has the choice {JsonSerializer.Serialize(value)}; it must be a number, a text, true, false or null, or, for "
        + $"Network, an object with a network's sizes.{(error is null ? "" : " " + error.Message)}", error);
}

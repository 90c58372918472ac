using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;
using Microsoft.ML.MaskedDiffusion.Text;
using Microsoft.ML.MaskedDiffusion.Trainers;
using Microsoft.ML.MaskedDiffusion.Training.Checkpoints;

namespace Microsoft.ML.MaskedDiffusion.Search;

/// <summary>The log of a search, search.jsonl: a line for each measurement, from which the search goes on.</summary>
internal static class SearchLog
{
    public const string FileName = "search.jsonl";

    private static readonly JsonSerializerOptions Json = new()
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>What a search of other trials, lengths or data would differ in, as far as it is known without reading the data.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Settings(SearchOptions options, double flops, IDataView trainingSet)
    {
        var settings = new List<KeyValuePair<string, string>>();
        void Add(string name, object value) => settings.Add(KeyValuePair.Create(name, FormattableString.Invariant($"{value}")));
        Add("Space", string.Join("; ", options.Space.Dimensions));
        Add("Metric", options.Metric!.Name);
        Add("Sampler", options.Sampler);
        Add("MaxTrials", options.MaxTrials);
        Add("Rungs", options.Rungs);
        Add("Reduction", options.Reduction);
        Add("Seed", options.Seed);
        Add("EqualFlops", options.EqualFlops);
        Add("TrialFlops", flops);
        Add("Training data", TextColumnReader.Describe(trainingSet));
        // An option at its default is left out, so that a log may be older than the option.
        Dictionary<string, string> defaults = Common(new TrainerOptions(), options.Space);
        foreach ((string name, string value) in Common(options.Trainer, options.Space))
        {
            if (value != defaults.GetValueOrDefault(name))
                Add("Trainer." + name, value);
        }
        return settings;
    }

    /// <summary>A line.</summary>
    public static string Line(int trial, IReadOnlyList<string> values, SearchMeasurement measured) =>
        JsonSerializer.Serialize(new Entry(trial, values, measured), Json);

    /// <summary>What a line says.</summary>
    /// <param name="line">The line.</param>
    /// <param name="valuesOf">The values of a trial as they are shown, to compare with.</param>
    /// <exception cref="InvalidDataException">The line is no measurement of this search.</exception>
    public static (int Trial, SearchMeasurement Measured) Read(string line, Func<int, IReadOnlyList<string>> valuesOf)
    {
        Entry? entry = JsonSerializer.Deserialize<Entry>(line, Json);
        if (entry?.Values is null || entry.Measured?.Losses is null || entry.Trial < 0)
            throw new InvalidDataException("this is no measurement of a trial.");
        if (!entry.Values.SequenceEqual(valuesOf(entry.Trial)))
        {
            throw new InvalidDataException(
                $"trial {entry.Trial} had the values {TextExcerpt.Of(string.Join(", ", entry.Values), 500)} and would now have "
                + $"{string.Join(", ", valuesOf(entry.Trial))}.");
        }
        return (entry.Trial, entry.Measured);
    }

    // What the trainers of all trials have in common. Where and in how much memory they compute may be another on each rank, and later.
    private static Dictionary<string, string> Common(TrainerOptions trainer, SearchSpace space)
    {
        string[] free = [nameof(trainer.Device), $"{nameof(trainer.Compute)}.{nameof(trainer.Compute.ActivationCheckpointing)}"];
        Dictionary<string, string> common = OptionPath.Values(trainer)
            .Where(option => !free.Contains(option.Name) && !IsVaried(option.Name, space))
            .ToDictionary(option => option.Name, option => Text(option.Value));
        common.Add("TextColumnName", trainer.TextColumnName);
        common.Add("Seed", Text(trainer.Seed));
        common.Add("Budget.MaxEpochs", Text(trainer.Budget.MaxEpochs));
        common.Add("Checkpoints.DataDescription", Text(trainer.Checkpoints.DataDescription));
        return common;
    }

    // An option of a network that is varied, or of a group that a varied option turns on, is not the trials' common one.
    private static bool IsVaried(string name, SearchSpace space) =>
        space.Dimensions.Any(dimension => (dimension.Option + ".").StartsWith(name + ".", StringComparison.Ordinal));

    private static string Text(object? value) => value switch
    {
        null => "null",
        TokenizerSource tokenizer => tokenizer.Describe(),
        TransformerConfig network => string.Join(", ", RunFingerprint.OfNetwork(network).Select(trait => $"{trait.Key} {trait.Value}")),
        MaskedDiffusionModel model => "SHA-256 " + SafetensorsWriter.HashOf(model.Network.Parameters),
        IEnumerable<string> texts => string.Join(", ", texts),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    private sealed record Entry(
        [property: JsonPropertyName("trial")] int Trial,
        [property: JsonPropertyName("values")] IReadOnlyList<string> Values,
        [property: JsonPropertyName("measured")] SearchMeasurement Measured);
}

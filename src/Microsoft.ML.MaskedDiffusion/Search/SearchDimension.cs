using System.Globalization;
using Microsoft.ML.MaskedDiffusion.Search;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>One option that a search varies, and its values. Immutable.</summary>
public sealed class SearchDimension
{
    private readonly OptionPath _path;
    private readonly object?[]? _choices;

    internal SearchDimension(OptionPath path, double minimum, double maximum, bool isLogarithmic) =>
        (_path, Minimum, Maximum, IsLogarithmic) = (path, minimum, maximum, isLogarithmic);

    internal SearchDimension(OptionPath path, object?[] choices) => (_path, _choices) = (path, choices);

    /// <summary>The option's name, such as "Optimizer.Beta2".</summary>
    public string Option => _path.Name;

    /// <summary>The least value of a range; 0 for choices.</summary>
    public double Minimum { get; }

    /// <summary>The largest value of a range; 0 for choices.</summary>
    public double Maximum { get; }

    /// <summary>Whether the logarithms of a range's values are spread evenly.</summary>
    public bool IsLogarithmic { get; }

    /// <summary>The values of a choice; empty for a range.</summary>
    public IReadOnlyList<object?> Choices => _choices ?? [];

    /// <summary>What can be found here, in words.</summary>
    public override string ToString() => _choices is null
        ? string.Create(CultureInfo.InvariantCulture, $"{Option}: {Minimum} to {Maximum}{(IsLogarithmic ? ", logarithmic" : "")}")
        : $"{Option}: {string.Join(", ", _choices.Select(Show))}";

    /// <summary>A value as a report shows it.</summary>
    internal static string Show(object? value) => value switch
    {
        null => "null",
        TransformerConfig network => network.Name,
        double number => number.ToString("G4", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    /// <summary>The value at a place from 0 up to but not 1.</summary>
    internal object? ValueAt(double place)
    {
        if (_choices is not null)
            return _choices[Math.Min((int)(place * _choices.Length), _choices.Length - 1)];
        double value = IsLogarithmic
            ? Minimum * Math.Pow(Maximum / Minimum, place)
            : Minimum + (Maximum - Minimum) * place;
        return _path.Convert(Math.Clamp(value, Minimum, Maximum));
    }

    /// <summary>Values to check the trainer's options with: all choices, or the two ends.</summary>
    internal IEnumerable<object?> Extremes() => _choices ?? [_path.Convert(Minimum), _path.Convert(Maximum)];

    internal void Apply(TrainerOptions options, object? value) => _path.Set(options, value);
}

using Microsoft.ML.MaskedDiffusion.Search;
using Microsoft.ML.SearchSpace;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// The options that a search varies, each with a range or a list of values. Options are named as properties of
/// <see cref="TrainerOptions"/>: "LearningRate", "Optimizer.Beta2", "Network".
/// </summary>
/// <remarks>Not thread-safe while it is being changed.</remarks>
public sealed class SearchSpace
{
    private readonly List<SearchDimension> _dimensions = [];

    /// <summary>An empty space.</summary>
    public SearchSpace()
    {
    }

    /// <summary>The options that are varied, in the order in which they were added.</summary>
    public IReadOnlyList<SearchDimension> Dimensions => _dimensions;

    /// <summary>
    /// The space of ML.NET's attributes on the trainer's options (<see cref="RangeAttribute"/>, <see cref="ChoiceAttribute"/>): learning
    /// rate, batch size and others worth searching. A new object each time.
    /// </summary>
    public static SearchSpace Default()
    {
        var space = new SearchSpace();
        foreach ((string name, RangeAttribute range) in OptionPath.With<RangeAttribute>())
            space.Range(name, Convert.ToDouble(range.Min), Convert.ToDouble(range.Max), range.LogBase);
        foreach ((string name, ChoiceAttribute choice) in OptionPath.With<ChoiceAttribute>())
            space.Choice(name, choice.Candidates);
        return space;
    }

    /// <summary>Varies a number between two bounds, both included. An option that is there already gets the new range.</summary>
    /// <param name="option">The option's name. Whole numbers are rounded.</param>
    /// <param name="minimum">The least value; above 0 with <paramref name="logarithmic"/>.</param>
    /// <param name="maximum">The largest value, above the least one.</param>
    /// <param name="logarithmic">Whether logarithms are spread evenly, as suits learning rates. Default false.</param>
    /// <returns>This space.</returns>
    /// <exception cref="ArgumentException">There is no such option, or it is no number, or the bounds are no range.</exception>
    public SearchSpace Range(string option, double minimum, double maximum, bool logarithmic = false)
    {
        OptionPath path = OptionPath.Of(option);
        if (!path.IsNumber)
            throw new ArgumentException($"{option} is a {path.Type.Name} and has no range; give its values with Choice.", nameof(option));
        if (!(double.IsFinite(minimum) && double.IsFinite(maximum) && minimum < maximum && (minimum > 0 || !logarithmic)))
        {
            throw new ArgumentException(
                FormattableString.Invariant($"{option} cannot go from {minimum} to {maximum}: the largest value must be above the least ")
                + "one, and a logarithmic range begins above 0.", nameof(minimum));
        }
        return Add(new SearchDimension(path, minimum, maximum, logarithmic));
    }

    /// <summary>Varies an option over some values. An option that is there already gets the new values.</summary>
    /// <param name="option">The option's name.</param>
    /// <param name="values">At least two: of the option's type, or names of an enumeration's members or of network presets.</param>
    /// <returns>This space.</returns>
    /// <exception cref="ArgumentException">There is no such option, or a value is none of its.</exception>
    public SearchSpace Choice(string option, params object?[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        OptionPath path = OptionPath.Of(option);
        object?[] own = [.. values.Select(path.Convert)];
        if (own.Distinct().Count() < 2)
        {
            throw new ArgumentException(
                $"{option} has {own.Length} values to choose from; give at least two different ones.", nameof(values));
        }
        return Add(new SearchDimension(path, own));
    }

    /// <summary>Leaves an option as it is.</summary>
    /// <param name="option">The option's name; nothing happens where it is not varied.</param>
    /// <returns>This space.</returns>
    public SearchSpace Without(string option)
    {
        _dimensions.RemoveAll(dimension => dimension.Option == option);
        return this;
    }

    internal SearchSpace Clone()
    {
        var copy = new SearchSpace();
        copy._dimensions.AddRange(_dimensions);
        return copy;
    }

    private SearchSpace Add(SearchDimension dimension)
    {
        int at = _dimensions.FindIndex(known => known.Option == dimension.Option);
        if (at < 0)
            _dimensions.Add(dimension);
        else
            _dimensions[at] = dimension;
        return this;
    }
}

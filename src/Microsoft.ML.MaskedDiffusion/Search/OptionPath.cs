using System.Globalization;
using System.Reflection;

namespace Microsoft.ML.MaskedDiffusion.Search;

/// <summary>An option of a trainer by its name, such as "LearningRate" or "Optimizer.Beta2".</summary>
internal sealed class OptionPath
{
    // What a search sets itself, and what says nothing about a model.
    private static readonly string[] Reserved =
    [
        nameof(TrainerOptions.MaxSteps), nameof(TrainerOptions.Budget), nameof(TrainerOptions.Checkpoints), nameof(TrainerOptions.Seed),
        nameof(TrainerOptions.Progress), nameof(TrainerOptions.ProgressInterval), nameof(TrainerOptions.CancellationToken),
        nameof(TrainerOptions.CancelBehavior), nameof(TrainerOptions.ValidationSet), nameof(TrainerOptions.Validation),
        nameof(TrainerOptions.Outputs), nameof(TrainerOptions.TextColumnName), nameof(TrainerOptions.ProcessGroup),
    ];

    private readonly PropertyInfo[] _steps;

    private OptionPath(string name, PropertyInfo[] steps) => (Name, _steps) = (name, steps);

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>The option's type, without the question mark.</summary>
    public Type Type => Nullable.GetUnderlyingType(_steps[^1].PropertyType) ?? _steps[^1].PropertyType;

    /// <summary>Whether the option is a number.</summary>
    public bool IsNumber => Type == typeof(int) || Type == typeof(long) || Type == typeof(double) || Type == typeof(float);

    /// <exception cref="ArgumentException">There is no such option, or a search sets it itself.</exception>
    public static OptionPath Of(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        var steps = new List<PropertyInfo>();
        Type type = typeof(TrainerOptions);
        foreach (string part in name.Split('.'))
        {
            PropertyInfo? property = type.GetProperty(part);
            if (property?.SetMethod?.IsPublic != true || (steps.Count == 0 && Reserved.Contains(part)))
            {
                throw new ArgumentException(
                    $"'{name}' is no option of TrainerOptions that can be searched. Give the name of a property, such as \"LearningRate\" "
                    + $"or \"Optimizer.Beta2\", but none of {string.Join(", ", Reserved)}, which a search sets itself or which change "
                    + "no model.",
                    nameof(name));
            }
            steps.Add(property);
            type = property.PropertyType;
        }
        return new OptionPath(name, [.. steps]);
    }

    /// <summary>All options with an attribute, by their names.</summary>
    public static IEnumerable<(string Name, T Attribute)> With<T>()
        where T : Attribute => With<T>(typeof(TrainerOptions), "");

    /// <summary>The values of all options that can be searched, by their names; a group that is off is one value, null.</summary>
    public static IEnumerable<(string Name, object? Value)> Values(TrainerOptions options) => Values(options, "");

    /// <summary>Gives the option a value of its type. A group that is off, null, is turned on by it.</summary>
    public void Set(TrainerOptions options, object? value)
    {
        object owner = options;
        foreach (PropertyInfo step in _steps[..^1])
        {
            object group = step.GetValue(owner) switch
            {
                null => Activator.CreateInstance(step.PropertyType)!,
                // What is immutable may be another trainer's too.
                TransformerConfig network => network with { },
                RotaryScaling scaling => scaling with { },
                LocalAttention attention => attention with { },
                { } own => own,
            };
            step.SetValue(owner, group);
            owner = group;
        }
        _steps[^1].SetValue(owner, value);
    }

    /// <summary>
    /// A value of the option's type: numbers are rounded to whole ones where needed, enumerations and networks may be names.
    /// </summary>
    /// <exception cref="ArgumentException">The value cannot be one.</exception>
    public object? Convert(object? value)
    {
        try
        {
            return value switch
            {
                null when Nullable.GetUnderlyingType(_steps[^1].PropertyType) is not null || !Type.IsValueType => null,
                null => throw new InvalidCastException("null"),
                double number when Type == typeof(int) => checked((int)Math.Round(number)),
                double number when Type == typeof(long) => checked((long)Math.Round(number)),
                string text when Type.IsEnum => Enum.Parse(Type, text),
                string preset when Type == typeof(TransformerConfig) => TransformerConfig.FromPreset(preset),
                _ when Type.IsInstanceOfType(value) => value,
                IConvertible => System.Convert.ChangeType(value, Type, CultureInfo.InvariantCulture),
                _ => throw new InvalidCastException(value.GetType().Name),
            };
        }
        catch (Exception error) when (error is InvalidCastException or FormatException or OverflowException or ArgumentException)
        {
            throw new ArgumentException(
                $"{value ?? "null"} cannot be a value of the option {Name}, which is a {Type.Name}.", nameof(value), error);
        }
    }

    private static IEnumerable<(string Name, object? Value)> Values(object owner, string prefix)
    {
        foreach (PropertyInfo property in owner.GetType().GetProperties().Where(property => property.SetMethod?.IsPublic == true))
        {
            if (prefix.Length == 0 && Reserved.Contains(property.Name))
                continue;
            object? value = property.GetValue(owner);
            if (value is null || !IsGroup(property))
            {
                yield return (prefix + property.Name, value);
                continue;
            }
            foreach ((string, object?) inner in Values(value, prefix + property.Name + "."))
                yield return inner;
        }
    }

    // Groups of options have options of their own.
    private static bool IsGroup(PropertyInfo property) => property.PropertyType.Name.EndsWith("Options", StringComparison.Ordinal);

    private static IEnumerable<(string Name, T Attribute)> With<T>(Type type, string prefix)
        where T : Attribute
    {
        foreach (PropertyInfo property in type.GetProperties().Where(property => property.SetMethod?.IsPublic == true))
        {
            if (property.GetCustomAttribute<T>() is { } attribute)
                yield return (prefix + property.Name, attribute);
            else if (prefix.Length == 0 && IsGroup(property))
            {
                foreach ((string, T) inner in With<T>(property.PropertyType, property.Name + "."))
                    yield return inner;
            }
        }
    }
}

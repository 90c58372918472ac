using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace Mdm.Settings;

/// <summary>Lays given values over settings, each by its name, and says what is wrong with a name or a value in the user's words.</summary>
internal static class SettingsTree
{
    /// <summary>Settings with other values in some places.</summary>
    /// <param name="settings">The settings, which stay as they are.</param>
    /// <param name="layers">The values with the place that they are from, such as a file's name; later ones win.</param>
    /// <exception cref="UsageException">There is no such setting, or its value is none that it may have.</exception>
    public static T With<T>(T settings, IEnumerable<(string Source, JsonObject Values)> layers)
        where T : class
    {
        JsonObject tree = JsonSerializer.SerializeToNode(settings, SettingsFormat.Options)!.AsObject();
        foreach ((string source, JsonObject values) in layers)
            Overlay(tree, values, typeof(T), "", source);
        return tree.Deserialize<T>(SettingsFormat.Options)!;
    }

    /// <summary>Settings as JSON that can be read again, with a line end.</summary>
    public static string Print<T>(T settings) => JsonSerializer.Serialize(settings, SettingsFormat.Options) + "\n";

    /// <summary>The property of a name with dots, such as "Trainer.Budget.MaxSeconds".</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static JsonPropertyInfo Find(Type type, string path, string source)
    {
        JsonPropertyInfo? found = null;
        string before = "";
        foreach (string name in path.Split('.'))
        {
            Type group = found is null ? type : found.PropertyType;
            if (found is not null && !DataTypes.IsGroup(group))
                throw new UsageException($"{source}: {path}: {before[..^1]} is no group of settings, but {DataTypes.Describe(group)}.");
            found = Property(group, name, before, source);
            before += name + ".";
        }
        return found!;
    }

    /// <summary>An object in which a name with dots has a value, for <see cref="With"/>.</summary>
    public static JsonObject At(string path, JsonNode? value) =>
        path.Split('.').Reverse().Aggregate(value, (inner, name) => new JsonObject { [name] = inner })!.AsObject();

    private static void Overlay(JsonObject target, JsonObject values, Type type, string before, string source)
    {
        foreach ((string name, JsonNode? value) in values)
        {
            JsonPropertyInfo property = Property(type, name, before, source);
            if (value is JsonObject group && DataTypes.IsGroup(property.PropertyType))
            {
                if (target[name] is not JsonObject)
                    target[name] = new JsonObject();
                Overlay(target[name]!.AsObject(), group, property.PropertyType, before + name + ".", source);
                continue;
            }
            object? read = Read(value, property, before + name, source);
            // The name of a preset becomes what it stands for, in which later layers may change a part.
            target[name] = DataTypes.IsGroup(property.PropertyType)
                ? JsonSerializer.SerializeToNode(read, property.PropertyType, SettingsFormat.Options) : value?.DeepClone();
        }
    }

    private static object? Read(JsonNode? value, JsonPropertyInfo property, string path, string source)
    {
        // Who gives an option need not know which setting it sets.
        bool isOption = source != "--set" && source.StartsWith("--", StringComparison.Ordinal);
        try
        {
            object? read = value.Deserialize(property.PropertyType, SettingsFormat.Options);
            if (read is not null || property.IsSetNullable)
                return read;
        }
        catch (ArgumentException error)
        {
            throw new UsageException($"{(isOption ? source : $"{source}: {path}")}: {ErrorText.Of(error)}", error);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw Wrong(error);
        }
        throw Wrong(null);

        UsageException Wrong(Exception? error)
        {
            Type type = property.PropertyType, bare = Nullable.GetUnderlyingType(type) ?? type;
            bool isTooLarge = bare == typeof(int) && value is JsonValue number && number.TryGetValue(out long whole) && whole != (int)whole;
            string range = isTooLarge ? $" from {int.MinValue} to {int.MaxValue}" : "";
            return new UsageException(isOption
                ? $"{source} is {value}; it must be {DataTypes.Describe(bare)}{range}."
                : $"{source}: {path} is {value?.ToJsonString() ?? "null"}; it must be {DataTypes.Describe(type)}{range}.", error);
        }
    }

    private static JsonPropertyInfo Property(Type type, string name, string before, string source)
    {
        IList<JsonPropertyInfo> known = SettingsFormat.Properties(type);
        return known.FirstOrDefault(property => property.Name == name) ?? throw new UsageException(
            $"{source}: there is no setting {before}{name}{Hint()}. --print-config shows all of them.");

        // A name that stands in a group of settings is meant before one that is only like it.
        string Hint() => Deeper(type, name, before) is { } path
            ? $"; the nearest is {path}" : NearestName.Hint(name, known.Select(p => p.Name), before);
    }

    // The setting of that name in a group, with the names of the groups; the one with the fewest groups.
    private static string? Deeper(Type type, string name, string before)
    {
        JsonPropertyInfo[] groups = [.. SettingsFormat.Properties(type).Where(property => DataTypes.IsGroup(property.PropertyType))];
        foreach (JsonPropertyInfo group in groups)
        {
            JsonPropertyInfo? found = SettingsFormat.Properties(group.PropertyType)
                .FirstOrDefault(property => property.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
            if (found is not null)
                return $"{before}{group.Name}.{found.Name}";
        }
        return groups.Select(group => Deeper(group.PropertyType, name, $"{before}{group.Name}.")).FirstOrDefault(path => path is not null);
    }
}

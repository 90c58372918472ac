using System.Reflection;
using System.Text.Json.Serialization;

namespace Microsoft.ML.MaskedDiffusion.Files;

/// <summary>
/// The names under which the values of an enum are stored in files. They stand at the members, in
/// <see cref="JsonStringEnumMemberNameAttribute"/>, so that a member can be renamed and files stay what they are. Safe for many threads.
/// </summary>
/// <typeparam name="T">An enum each of whose members has a stored name.</typeparam>
internal static class StoredEnum<T>
    where T : struct, Enum
{
    private static readonly Dictionary<T, string> Stored = typeof(T).GetFields(BindingFlags.Public | BindingFlags.Static).ToDictionary(
        field => (T)field.GetValue(null)!,
        field => field.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name
            ?? throw new InvalidOperationException(
            $"{typeof(T)}.{field.Name} has no stored name; give it a {nameof(JsonStringEnumMemberNameAttribute)}."));

    /// <summary>All stored names, in the order of the members.</summary>
    public static IEnumerable<string> Names => Stored.Values;

    /// <summary>The stored name of a value.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The enum has no such member.</exception>
    public static string NameOf(T value) => Stored.TryGetValue(value, out string? name)
        ? name
        : throw new ArgumentOutOfRangeException(
        nameof(value), value, $"{typeof(T).Name} has no member {value}; it has {string.Join(", ", Names)}.");

    /// <summary>The value that a file calls by this name, upper and lower case told apart; null where there is none.</summary>
    public static T? Find(string? name)
    {
        foreach ((T value, string stored) in Stored)
        {
            if (stored == name)
                return value;
        }
        return null;
    }
}

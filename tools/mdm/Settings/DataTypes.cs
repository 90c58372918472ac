using System.Reflection;
using System.Text.Json;

namespace Mdm.Settings;

/// <summary>Which types are data that a settings file can hold. Callbacks, views, open models and tokens to cancel with are none.</summary>
internal static class DataTypes
{
    /// <summary>Whether values of a type can be written as JSON and read again.</summary>
    public static bool IsData(Type type)
    {
        Type bare = Nullable.GetUnderlyingType(type) ?? type;
        if (bare.IsPrimitive || bare.IsEnum || bare == typeof(string) || bare == typeof(JsonElement) || FromName(bare) is not null)
            return true;
        if (bare.IsGenericType && bare.GetGenericTypeDefinition() is { } open
            && (open == typeof(IReadOnlyList<>) || open == typeof(IReadOnlyDictionary<,>)))
        {
            return bare.GetGenericArguments().All(IsData);
        }
        return IsGroup(bare);
    }

    /// <summary>Whether a type is a group of settings: a class that can be made, with properties that are data and can be set.</summary>
    public static bool IsGroup(Type type) => type is { IsClass: true, IsAbstract: false } && type != typeof(string)
        && !typeof(Delegate).IsAssignableFrom(type) && !typeof(IDisposable).IsAssignableFrom(type)
        && type.GetConstructor(Type.EmptyTypes) is not null && FromName(type) is null
        && type.GetProperties().Any(property => property.SetMethod is { IsPublic: true } && IsData(property.PropertyType));

    /// <summary>The method that gives the value of a name, where values of a type have names; null where they do not.</summary>
    public static MethodInfo? FromName(Type type) => type.GetMethod("FromName", BindingFlags.Public | BindingFlags.Static, [typeof(string)])
        is { } method && method.ReturnType == type && type.GetProperty("Name")?.PropertyType == typeof(string) ? method : null;

    /// <summary>What values of a type look like, in words that follow "it must be".</summary>
    public static string Describe(Type type)
    {
        Type bare = Nullable.GetUnderlyingType(type) ?? type;
        string text = true switch
        {
            _ when bare == typeof(bool) => "true or false",
            _ when bare == typeof(int) || bare == typeof(long) => "a whole number",
            _ when bare == typeof(char) => "one character",
            _ when bare.IsPrimitive => "a number",
            _ when bare == typeof(string) => "a text",
            _ when bare.IsEnum => "one of " + string.Join(", ", Enum.GetNames(bare)),
            _ when FromName(bare) is not null => "one of " + string.Join(", ", Names(bare)),
            _ when bare.IsGenericType && bare.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) =>
                "a list, each item of it " + Describe(bare.GetGenericArguments()[0]),
            _ => "a JSON object",
        };
        return bare == type ? text : text + ", or null";
    }

    private static IEnumerable<string> Names(Type type) =>
        type.GetProperty("Names", BindingFlags.Public | BindingFlags.Static)?.GetValue(null) as IEnumerable<string> ?? [];
}

using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Settings;

/// <summary>
/// How settings are written as JSON: every public property that is data and can be set, under its own name, with enumerations and other
/// named values as their names.
/// </summary>
internal static class SettingsFormat
{
    /// <summary>What the tool sets itself from other settings.</summary>
    private static readonly HashSet<(Type Type, string Property)> LeftOut =
    [
        (typeof(TextFilesOptions), nameof(TextFilesOptions.Path)),
        (typeof(TextFilesOptions), nameof(TextFilesOptions.ColumnName)),
        (typeof(TextFilesOptions), nameof(TextFilesOptions.JsonField)),
        (typeof(TableOptions), nameof(TableOptions.Path)),
    ];

    /// <summary>The format of all settings.</summary>
    public static JsonSerializerOptions Options { get; } = Create(new NetworkConverter());

    /// <summary>The same, for a network's own properties.</summary>
    public static JsonSerializerOptions WithoutPresets { get; } = Create();

    /// <summary>The properties that settings of a type have in JSON.</summary>
    public static IList<JsonPropertyInfo> Properties(Type type) => WithoutPresets.GetTypeInfo(type).Properties;

    private static JsonSerializerOptions Create(params JsonConverter[] converters)
    {
        var options = new JsonSerializerOptions
        {
            WriteIndented = true,
            NewLine = "\n",
            NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            RespectNullableAnnotations = true,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { KeepData } },
        };
        options.Converters.Add(new EnumNameConverter());
        options.Converters.Add(new NamedValueConverter());
        foreach (JsonConverter converter in converters)
            options.Converters.Add(converter);
        return options;
    }

    private static void KeepData(JsonTypeInfo type)
    {
        if (type.Kind != JsonTypeInfoKind.Object)
            return;
        for (int i = type.Properties.Count - 1; i >= 0; i--)
        {
            JsonPropertyInfo property = type.Properties[i];
            var declared = property.AttributeProvider as PropertyInfo;
            if (declared?.SetMethod is not { IsPublic: true } || !DataTypes.IsData(property.PropertyType)
                || LeftOut.Contains((declared.DeclaringType!, declared.Name)))
            {
                type.Properties.RemoveAt(i);
                continue;
            }
            // Files of the library may store a property under an older name; people know the one in code.
            property.Name = declared.Name;
        }
    }
}

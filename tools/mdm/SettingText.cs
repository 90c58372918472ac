using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mdm.Settings;

namespace Mdm;

/// <summary>Turns what stands on a command line into a setting's JSON.</summary>
internal static class SettingText
{
    /// <summary>The value of a text for a setting of a type. What is no such value stays a text, which the setting then refuses.</summary>
    public static JsonNode? Read(Type type, string text)
    {
        Type bare = Nullable.GetUnderlyingType(type) ?? type;
        if (bare == typeof(string) || bare.IsEnum || DataTypes.FromName(bare) is not null)
            return JsonValue.Create(text);
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }

    /// <summary>Minutes as seconds.</summary>
    public static JsonNode? MinutesAsSeconds(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double minutes)
            ? JsonValue.Create(minutes * 60) : JsonValue.Create(text);

    /// <summary>NAME=VALUE as an object in which the setting of the name has the value; "null" is no value.</summary>
    /// <exception cref="UsageException">There is no "=", or no such setting.</exception>
    public static JsonObject Assignment(Type settings, string text)
    {
        int at = text.IndexOf('=', StringComparison.Ordinal);
        if (at < 1)
            throw new UsageException($"--set is {text}; it must be NAME=VALUE, such as Trainer.LearningRate=0.002.");
        (string name, string value) = (text[..at], text[(at + 1)..]);
        Type type = SettingsTree.Find(settings, name, "--set").PropertyType;
        return SettingsTree.At(name, value == "null" ? null : Read(type, value));
    }
}

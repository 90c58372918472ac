using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>Checks the settings of a results.json.</summary>
internal static class WrittenSettings
{
    /// <summary>Whether all objects say something: a type that JSON cannot write would leave one without properties.</summary>
    public static void AssertComplete(JsonElement results) => AssertSaysSomething(results.GetProperty("settings"), "settings");

    private static void AssertSaysSomething(JsonElement element, string path)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach ((int index, JsonElement item) in element.EnumerateArray().Index())
                AssertSaysSomething(item, $"{path}[{index}]");
        }
        if (element.ValueKind != JsonValueKind.Object)
            return;
        Assert.AreNotEqual(0, element.EnumerateObject().Count(), path);
        foreach (JsonProperty property in element.EnumerateObject())
            AssertSaysSomething(property.Value, $"{path}.{property.Name}");
    }
}

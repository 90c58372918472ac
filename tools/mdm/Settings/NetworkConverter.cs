using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Settings;

/// <summary>Reads a network as an object with its sizes or as the name of a preset, and writes the object.</summary>
internal sealed class NetworkConverter : JsonConverter<TransformerConfig>
{
    /// <inheritdoc/>
    public override TransformerConfig? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String
            ? TransformerConfig.FromPreset(reader.GetString()!)
            : JsonSerializer.Deserialize<TransformerConfig>(ref reader, SettingsFormat.WithoutPresets);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, TransformerConfig value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value, SettingsFormat.WithoutPresets);
}

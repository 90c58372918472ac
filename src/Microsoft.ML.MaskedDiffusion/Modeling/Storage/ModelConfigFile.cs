using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>config.json of a saved model: the network's shape in plain JSON.</summary>
internal static class ModelConfigFile
{
    public const string Name = "config.json";

    public static byte[] Write(TransformerConfig config)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteString("name", config.Name);
            json.WriteNumber("layerCount", config.LayerCount);
            json.WriteNumber("headCount", config.HeadCount);
            json.WriteNumber("embeddingSize", config.EmbeddingSize);
            json.WriteNumber("feedForwardSize", config.FeedForwardSize);
            json.WriteNumber("vocabularySize", config.VocabularySize);
            json.WriteNumber("contextLength", config.ContextLength);
            json.WriteNumber("normEpsilon", config.NormEpsilon);
            json.WriteString("rotaryPrecision", StoredEnum<RotaryPrecision>.NameOf(config.RotaryPrecision));
            json.WriteBoolean("autoregressive", config.Autoregressive);
            // Left out where there are none, so that older versions of the library read the file.
            if (config.HasLengthTokens)
                json.WriteBoolean("hasLengthTokens", true);
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }

    /// <exception cref="InvalidDataException">A value is missing, of another type or out of its range.</exception>
    public static TransformerConfig Read(byte[] content, string source)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(content);
            JsonElement root = document.RootElement;
            string precision = Field(root, "rotaryPrecision", JsonValueKind.String).GetString()!;
            RotaryPrecision rotary = StoredEnum<RotaryPrecision>.Find(precision) ?? throw new FormatException(
                $"rotaryPrecision is {FaultList.Quote(precision)}, not {string.Join(" or ", StoredEnum<RotaryPrecision>.Names)}");
            var config = new TransformerConfig
            {
                Name = Field(root, "name", JsonValueKind.String).GetString()!,
                LayerCount = Integer(root, "layerCount"),
                HeadCount = Integer(root, "headCount"),
                EmbeddingSize = Integer(root, "embeddingSize"),
                FeedForwardSize = Integer(root, "feedForwardSize"),
                VocabularySize = Integer(root, "vocabularySize"),
                ContextLength = Integer(root, "contextLength"),
                NormEpsilon = Field(root, "normEpsilon", JsonValueKind.Number).GetDouble(),
                RotaryPrecision = rotary,
                Autoregressive = Field(root, "autoregressive", JsonValueKind.True).GetBoolean(),
                HasLengthTokens = root.TryGetProperty("hasLengthTokens", out _)
                    && Field(root, "hasLengthTokens", JsonValueKind.True).GetBoolean(),
            };
            config.Validate();
            return config;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new InvalidDataException($"{source}, {Name}: {error.Message}", error);
        }
    }

    private static JsonElement Field(JsonElement root, string name, JsonValueKind kind)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty(name, out JsonElement value))
            throw new FormatException($"there is no \"{name}\"");
        if (value.ValueKind != kind && !(kind == JsonValueKind.True && value.ValueKind == JsonValueKind.False))
            throw new FormatException($"\"{name}\" is a JSON {value.ValueKind}");
        return value;
    }

    private static int Integer(JsonElement root, string name) => Field(root, name, JsonValueKind.Number).TryGetInt32(out int value)
        ? value
        : throw new FormatException($"\"{name}\" is not a whole number of 32 bits");
}

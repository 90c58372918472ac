using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Modeling;

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
            json.WriteString("rotaryPrecision", config.RotaryPrecision.ToString());
            json.WriteBoolean("autoregressive", config.Autoregressive);
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
            string precision = root.GetProperty("rotaryPrecision").GetString() ?? "";
            if (!Enum.TryParse(precision, out RotaryPrecision rotary) || rotary.ToString() != precision) throw new FormatException($"rotaryPrecision is {FaultList.Quote(precision)}, not Float32 or BFloat16");
            var config = new TransformerConfig
            {
                Name = root.GetProperty("name").GetString() ?? "",
                LayerCount = root.GetProperty("layerCount").GetInt32(),
                HeadCount = root.GetProperty("headCount").GetInt32(),
                EmbeddingSize = root.GetProperty("embeddingSize").GetInt32(),
                FeedForwardSize = root.GetProperty("feedForwardSize").GetInt32(),
                VocabularySize = root.GetProperty("vocabularySize").GetInt32(),
                ContextLength = root.GetProperty("contextLength").GetInt32(),
                NormEpsilon = root.GetProperty("normEpsilon").GetDouble(),
                RotaryPrecision = rotary,
                Autoregressive = root.GetProperty("autoregressive").GetBoolean(),
            };
            config.Validate();
            return config;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException)
        {
            throw new InvalidDataException($"{source}, {Name}: {error.Message}", error);
        }
    }
}

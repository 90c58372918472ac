using System.Text.Json;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Modeling.Storage;

/// <summary>config.json of a saved model: the network's shape in plain JSON.</summary>
internal static class ModelConfigFile
{
    public const string Name = "config.json";

    private static readonly string[] KnownNames =
    [
        "name", "layerCount", "headCount", "embeddingSize", "feedForwardSize", "vocabularySize", "contextLength", "normEpsilon",
        "rotaryPrecision", "autoregressive", "keyValueHeadCount", "headSize", "maskTokenId", "norm", "activation",
        "rotaryBase", "rotaryScaling", "localAttention", "uniformShare", "attentionBlockSize", .. Flags.Select(flag => flag.Name),
    ];

    private static (string Name, Func<TransformerConfig, bool> Of)[] Flags =>
    [
        ("hasLengthTokens", config => config.HasLengthTokens),
        ("hasAttentionBias", config => config.HasAttentionBias),
        ("hasQueryKeyNorm", config => config.HasQueryKeyNorm),
        ("tiesEmbeddings", config => config.TiesEmbeddings),
        ("hasEmbeddingNorm", config => config.HasEmbeddingNorm),
        ("hasPredictionHead", config => config.HasPredictionHead),
        ("shiftsLogits", config => config.ShiftsLogits),
    ];

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
            WriteVariant(json, config);
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }

    /// <exception cref="InvalidDataException">
    /// A value is missing, of another type or out of its range, or there is one that this version does not know.
    /// </exception>
    public static TransformerConfig Read(byte[] content, string source)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(content);
            JsonElement root = document.RootElement;
            RequireKnown(root, KnownNames);
            var config = new TransformerConfig
            {
                Name = Field(root, "name", JsonValueKind.String).GetString()!,
                LayerCount = Integer(root, "layerCount"),
                HeadCount = Integer(root, "headCount"),
                EmbeddingSize = Integer(root, "embeddingSize"),
                FeedForwardSize = Integer(root, "feedForwardSize"),
                VocabularySize = Integer(root, "vocabularySize"),
                ContextLength = Integer(root, "contextLength"),
                NormEpsilon = Number(root, "normEpsilon"),
                RotaryPrecision = Enumerated<RotaryPrecision>(root, "rotaryPrecision"),
                Autoregressive = Flag(root, "autoregressive"),
            };
            config = ReadVariant(root, config);
            config.Validate();
            return config;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new InvalidDataException($"{source}, {Name}: {error.Message}", error);
        }
    }

    // What only some networks have is left out where it is as in SMDM's, so that older versions of the library read the file.
    private static void WriteVariant(Utf8JsonWriter json, TransformerConfig config)
    {
        var standard = new TransformerConfig
        {
            LayerCount = config.LayerCount,
            HeadCount = config.HeadCount,
            EmbeddingSize = config.EmbeddingSize,
            FeedForwardSize = config.FeedForwardSize,
        };
        if (config.KeyValueHeadCount != config.HeadCount)
            json.WriteNumber("keyValueHeadCount", config.KeyValueHeadCount);
        if (config.HeadSize != standard.HeadSize || config.EmbeddingSize % config.HeadCount != 0)
            json.WriteNumber("headSize", config.HeadSize);
        if (config.MaskTokenId != config.VocabularySize)
            json.WriteNumber("maskTokenId", config.MaskTokenId);
        if (config.Norm != standard.Norm)
            json.WriteString("norm", StoredEnum<NormKind>.NameOf(config.Norm));
        if (config.Activation != standard.Activation)
            json.WriteString("activation", StoredEnum<GateActivation>.NameOf(config.Activation));
        if (config.RotaryBase != standard.RotaryBase)
            json.WriteNumber("rotaryBase", config.RotaryBase);
        if (config.UniformShare != standard.UniformShare)
            json.WriteNumber("uniformShare", config.UniformShare);
        if (config.AttentionBlockSize is { } size)
            json.WriteNumber("attentionBlockSize", size);
        foreach ((string name, Func<TransformerConfig, bool> of) in Flags)
            if (of(config))
                json.WriteBoolean(name, true);
        if (config.RotaryScaling is { } scaling)
        {
            json.WriteStartObject("rotaryScaling");
            json.WriteNumber("factor", scaling.Factor);
            json.WriteNumber("lowFrequencyFactor", scaling.LowFrequencyFactor);
            json.WriteNumber("highFrequencyFactor", scaling.HighFrequencyFactor);
            json.WriteNumber("originalContextLength", scaling.OriginalContextLength);
            json.WriteEndObject();
        }
        if (config.LocalAttention is { } local)
        {
            json.WriteStartObject("localAttention");
            json.WriteNumber("radius", local.Radius);
            json.WriteNumber("globalInterval", local.GlobalInterval);
            json.WriteNumber("rotaryBase", local.RotaryBase);
            json.WriteEndObject();
        }
    }

    private static TransformerConfig ReadVariant(JsonElement root, TransformerConfig config)
    {
        if (root.TryGetProperty("keyValueHeadCount", out _))
            config = config with { KeyValueHeadCount = Integer(root, "keyValueHeadCount") };
        if (root.TryGetProperty("headSize", out _))
            config = config with { HeadSize = Integer(root, "headSize") };
        if (root.TryGetProperty("maskTokenId", out _))
            config = config with { MaskTokenId = Integer(root, "maskTokenId") };
        if (root.TryGetProperty("norm", out _))
            config = config with { Norm = Enumerated<NormKind>(root, "norm") };
        if (root.TryGetProperty("activation", out _))
            config = config with { Activation = Enumerated<GateActivation>(root, "activation") };
        if (root.TryGetProperty("rotaryBase", out _))
            config = config with { RotaryBase = Number(root, "rotaryBase") };
        if (root.TryGetProperty("uniformShare", out _))
            config = config with { UniformShare = Number(root, "uniformShare") };
        if (root.TryGetProperty("attentionBlockSize", out _))
            config = config with { AttentionBlockSize = Integer(root, "attentionBlockSize") };
        if (root.TryGetProperty("rotaryScaling", out JsonElement scaling))
        {
            RequireKnown(scaling, ["factor", "lowFrequencyFactor", "highFrequencyFactor", "originalContextLength"]);
            config = config with
            {
                RotaryScaling = new RotaryScaling
                {
                    Factor = Number(scaling, "factor"),
                    LowFrequencyFactor = Number(scaling, "lowFrequencyFactor"),
                    HighFrequencyFactor = Number(scaling, "highFrequencyFactor"),
                    OriginalContextLength = Integer(scaling, "originalContextLength"),
                },
            };
        }
        if (root.TryGetProperty("localAttention", out JsonElement local))
        {
            RequireKnown(local, ["radius", "globalInterval", "rotaryBase"]);
            config = config with
            {
                LocalAttention = new LocalAttention
                {
                    Radius = Integer(local, "radius"),
                    GlobalInterval = Integer(local, "globalInterval"),
                    RotaryBase = Number(local, "rotaryBase"),
                },
            };
        }
        return config with
        {
            HasLengthTokens = FlagOrFalse(root, "hasLengthTokens"),
            HasAttentionBias = FlagOrFalse(root, "hasAttentionBias"),
            HasQueryKeyNorm = FlagOrFalse(root, "hasQueryKeyNorm"),
            TiesEmbeddings = FlagOrFalse(root, "tiesEmbeddings"),
            HasEmbeddingNorm = FlagOrFalse(root, "hasEmbeddingNorm"),
            HasPredictionHead = FlagOrFalse(root, "hasPredictionHead"),
            ShiftsLogits = FlagOrFalse(root, "shiftsLogits"),
        };
    }

    // Each value changes what the network computes, so that none may be passed over.
    private static void RequireKnown(JsonElement element, IEnumerable<string> names)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw new FormatException($"there is a JSON {element.ValueKind} where an object is expected");
        HashSet<string> known = [.. names];
        foreach (JsonProperty property in element.EnumerateObject())
            if (!known.Contains(property.Name))
                throw new FormatException($"{FaultList.Quote(property.Name)} is not known to this version of the library");
    }

    private static JsonElement Field(JsonElement root, string name, JsonValueKind kind)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty(name, out JsonElement value))
            throw new FormatException($"there is no \"{name}\"");
        if (value.ValueKind != kind && !(kind == JsonValueKind.True && value.ValueKind == JsonValueKind.False))
            throw new FormatException($"\"{name}\" is a JSON {value.ValueKind}");
        return value;
    }

    private static double Number(JsonElement root, string name) => Field(root, name, JsonValueKind.Number).GetDouble();

    private static bool Flag(JsonElement root, string name) => Field(root, name, JsonValueKind.True).GetBoolean();

    private static bool FlagOrFalse(JsonElement root, string name) => root.TryGetProperty(name, out _) && Flag(root, name);

    private static T Enumerated<T>(JsonElement root, string name)
        where T : struct, Enum
    {
        string text = Field(root, name, JsonValueKind.String).GetString()!;
        return StoredEnum<T>.Find(text) ?? throw new FormatException(
            $"{name} is {FaultList.Quote(text)}, not {string.Join(" or ", StoredEnum<T>.Names)}");
    }

    private static int Integer(JsonElement root, string name) => Field(root, name, JsonValueKind.Number).TryGetInt32(out int value)
        ? value
        : throw new FormatException($"\"{name}\" is not a whole number of 32 bits");
}

using System.Text.Json;
using Mdm.Data;
using Mdm.Output;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Inspection;

/// <summary>Knows folders as models are published on the hub. The weights are not read.</summary>
internal sealed class PublishedModelInspector : Inspector
{
    private const string Config = "config.json", Manifest = "manifest.json", ModelType = "model_type";

    /// <inheritdoc/>
    public override string Kind => "published model";

    /// <inheritdoc/>
    public override bool Knows(string path) =>
        File.Exists(Path.Combine(path, Config)) && !File.Exists(Path.Combine(path, Manifest)) && TypeOf(path) is not null;

    /// <inheritdoc/>
    public override IEnumerable<Field> Read(string path, ToolContext context)
    {
        TransformerConfig config = MaskedDiffusionModel.ReadConfig(path);
        Dictionary<string, long> files = new DirectoryInfo(path).GetFiles().OrderBy(file => file.Name, StringComparer.Ordinal)
            .ToDictionary(file => file.Name, file => FileSize.Of(file.FullName));
        long wide = config.WeightBytes(WeightType.Float32);
        return
        [
            new("kind", "published model folder"),
            new("model type", TypeOf(path)),
            .. ModelInspector.OfConfig(config),
            .. ModelInspector.OfTokenizer(TextTokenizer.FromFile(path)),
            new("files", files),
            new("size", files.Values.Sum(), "bytes"),
            new("memory in Int8", config.WeightBytes(WeightType.Int8), "bytes"),
            new("memory in BFloat16", config.WeightBytes(WeightType.BFloat16), "bytes"),
            new("memory in Float32", wide, "bytes"),
            new("memory in Float32 to write with", (2 * wide) - Unpacked(config), "bytes"),
        ];
    }

    // Weights of 32 bits are packed once more when the model first writes or fills, all but an input embedding of its own.
    private static long Unpacked(TransformerConfig config) =>
        config.TiesEmbeddings ? 0 : (long)sizeof(float) * config.EmbeddingRowCount * config.EmbeddingSize;

    private static string? TypeOf(string path)
    {
        try
        {
            // Reading from a stream passes over a byte order mark.
            using FileStream stream = File.OpenRead(Path.Combine(path, Config));
            using JsonDocument config = JsonDocument.Parse(stream);
            return config.RootElement.ValueKind == JsonValueKind.Object
                && config.RootElement.TryGetProperty(ModelType, out JsonElement type) && type.ValueKind == JsonValueKind.String
                ? type.GetString() : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}

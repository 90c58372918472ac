using System.Text.Json;
using Mdm.Output;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Inspection;

/// <summary>Knows folders as models are published on the hub. The weights are not read.</summary>
internal sealed class PublishedModelInspector : Inspector
{
    private const string Config = "config.json", Manifest = "manifest.json", ModelType = "model_type";

    // Bytes of a weight that is held in bfloat16, and of one in 32 bits, which is packed once more when the model first writes or fills.
    private const int NarrowBytes = 2, WideBytes = 4, PackedBytes = 8;

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
            .ToDictionary(file => file.Name, file => file.Length);
        return
        [
            new("kind", "published model folder"),
            new("model type", TypeOf(path)),
            .. ModelInspector.OfConfig(config),
            .. ModelInspector.OfTokenizer(TextTokenizer.FromFile(path)),
            new("files", files),
            new("size", files.Values.Sum(), "bytes"),
            new("memory in BFloat16", NarrowBytes * config.ParameterCount, "bytes"),
            new("memory in Float32", WideBytes * config.ParameterCount, "bytes"),
            new("memory in Float32 to write with", (PackedBytes * config.ParameterCount) - Unpacked(config), "bytes"),
        ];
    }

    // An input embedding of its own is read where it is.
    private static long Unpacked(TransformerConfig config) =>
        config.TiesEmbeddings ? 0 : (long)WideBytes * config.EmbeddingRowCount * config.EmbeddingSize;

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

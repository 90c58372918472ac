using System.Text.Json;
using Mdm.Output;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Inspection;

/// <summary>Knows folders as models are published on the hub. The weights are not read.</summary>
internal sealed class PublishedModelInspector : Inspector
{
    private const string Config = "config.json", Manifest = "manifest.json", ModelType = "model_type";

    // A weight is a number of 32 bits in memory, and is packed once more when the model first writes or fills.
    private const int LeastBytes = 4, MostBytes = 8;

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
            new("memory to load", LeastBytes * config.ParameterCount, "bytes"),
            new("memory to write with", MostBytes * config.ParameterCount, "bytes"),
        ];
    }

    private static string? TypeOf(string path)
    {
        try
        {
            using JsonDocument config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(path, Config)));
            return config.RootElement.ValueKind == JsonValueKind.Object
                && config.RootElement.TryGetProperty(ModelType, out JsonElement type) && type.ValueKind == JsonValueKind.String
                ? type.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

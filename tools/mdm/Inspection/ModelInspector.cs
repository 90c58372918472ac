using System.Globalization;
using System.Text.Json;
using Mdm.Output;
using Microsoft.ML.MaskedDiffusion;

namespace Mdm.Inspection;

/// <summary>Knows saved models: folders and .mdm files. The weights are not read.</summary>
internal sealed class ModelInspector : Inspector
{
    private const string Manifest = "manifest.json", Config = "config.json", TokenizerFolder = "tokenizer/";

    /// <inheritdoc/>
    public override string Kind => "model";

    /// <inheritdoc/>
    public override bool Knows(string path) => Directory.Exists(path)
        ? File.Exists(Path.Combine(path, Manifest)) && File.Exists(Path.Combine(path, Config))
        : StoredFiles.Open(path) is { } files && files.Has(Manifest) && files.Has(Config);

    /// <inheritdoc/>
    public override IEnumerable<Field> Read(string path, ToolContext context)
    {
        StoredFiles files = StoredFiles.Open(path)!;
        JsonElement manifest = files.Json(Manifest);
        foreach (JsonProperty file in manifest.GetProperty("files").EnumerateObject())
        {
            long expected = file.Value.GetProperty("bytes").GetInt64();
            if (!files.Has(file.Name) || files.Sizes[file.Name] != expected)
            {
                throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture,
                    $"{path} is damaged: {file.Name} should have {expected:#,0} bytes, and "
                    + $"{(files.Has(file.Name) ? $"has {files.Sizes[file.Name]:#,0}" : "is not there")}."));
            }
        }
        TransformerConfig config = MaskedDiffusionModel.ReadConfig(path);
        TextTokenizer tokenizer = TextTokenizer.FromFiles(
            files.Sizes.Keys.Where(name => name.StartsWith(TokenizerFolder, StringComparison.Ordinal))
                .ToDictionary(name => name[TokenizerFolder.Length..], files.Bytes));
        return
        [
            new("kind", Directory.Exists(path) ? "model folder" : "model archive"),
            new("format", manifest.GetProperty("format").GetString()),
            new("format version", manifest.GetProperty("version").GetInt32()),
            .. OfConfig(config),
            .. OfTokenizer(tokenizer),
            new("files", files.Sizes.ToDictionary(file => file.Key, file => file.Value)),
            new("size", files.Sizes.Values.Sum(), "bytes"),
        ];
    }

    /// <summary>What is known of a network.</summary>
    public static IEnumerable<Field> OfConfig(TransformerConfig config) =>
    [
        new("network", config.Name),
        new("objective", config.Autoregressive ? "autoregressive" : "masked diffusion"),
        new("parameters", config.ParameterCount),
        new("parameters outside embeddings", config.NonEmbeddingParameterCount),
        new("layers", config.LayerCount),
        new("heads", config.HeadCount),
        new("embedding size", config.EmbeddingSize),
        new("feed forward size", config.FeedForwardSize),
        new("vocabulary", config.VocabularySize, "tokens"),
        new("context", config.ContextLength, "tokens"),
        new("rotary precision", config.RotaryPrecision.ToString()),
        new("length tokens", config.HasLengthTokens),
        .. OfVariant(config),
    ];

    // In what the network is not SMDM's.
    private static IEnumerable<Field> OfVariant(TransformerConfig config)
    {
        if (config.KeyValueHeadCount != config.HeadCount)
            yield return new("heads with keys", config.KeyValueHeadCount);
        if (config.HeadSize * config.HeadCount != config.EmbeddingSize)
            yield return new("head size", config.HeadSize);
        if (config.MaskTokenId < config.VocabularySize)
            yield return new("mask token", config.MaskTokenId, Format: "0");
        if (config.ShiftsLogits)
            yield return new("shifted logits", true);
        if (config.TiesEmbeddings)
            yield return new("tied embeddings", true);
        if (config.LocalAttention is { } local)
            yield return new("local attention", local.Radius, "positions on each side");
        if (config.AttentionBlockSize is { } size)
            yield return new("attention blocks", size, "tokens");
    }

    /// <summary>What is known of a tokenizer.</summary>
    public static IEnumerable<Field> OfTokenizer(TextTokenizer tokenizer) =>
    [
        new("tokenizer", tokenizer.Files.Keys.Order(StringComparer.Ordinal).ToArray()),
        new("tokenizer vocabulary", tokenizer.VocabularySize, "tokens"),
        new("beginning of sequence", tokenizer.BeginningOfSequenceId, Format: "0"),
        new("end of sequence", tokenizer.EndOfSequenceId, Format: "0"),
    ];
}

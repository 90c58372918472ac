using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Modeling.Storage;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Packed;

/// <summary>tokens.json of a token folder: what the tokens were made of, and what there is of each split.</summary>
internal sealed record TokenManifest
{
    public const string Name = "tokens.json";
    private const int CurrentVersion = 1;

    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        RespectNullableAnnotations = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    public int Version { get; init; } = CurrentVersion;

    /// <summary>What decides the tokens and is known without reading the text, by name.</summary>
    public required SortedDictionary<string, string> Source { get; init; }

    /// <summary>The tokenizer's <see cref="TextTokenizer.ContentHash"/>.</summary>
    public required string TokenizerHash { get; init; }

    /// <summary>The splits by the prefix of their files.</summary>
    public required SortedDictionary<string, TokenSplit> Splits { get; init; }

    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, Format);

    /// <exception cref="InvalidDataException">The file is no such JSON.</exception>
    public static TokenManifest Read(string folder)
    {
        try
        {
            TokenManifest? manifest = JsonSerializer.Deserialize<TokenManifest>(File.ReadAllBytes(Path.Combine(folder, Name)), Format);
            return manifest is { Version: CurrentVersion } ? manifest : throw new JsonException(
                $"version {manifest?.Version} was written by another release of the library; this one reads version {CurrentVersion}");
        }
        catch (Exception error) when (error is JsonException or FileNotFoundException)
        {
            throw new InvalidDataException($"{folder}, {Name}: {FaultList.Quote(error.Message)}", error);
        }
    }
}

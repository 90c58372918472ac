using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Packed;

/// <summary>The tokens of one split. The property names are part of the file format.</summary>
/// <param name="Tokens">Token ids, without those that fill up the last file.</param>
/// <param name="Documents">Documents, each of which ends with an end-of-sequence token.</param>
/// <param name="EmptyRows">Rows that were left out because they held no text.</param>
/// <param name="Hash">The SHA-256 of the bytes of the files in order, in lower-case hexadecimal digits.</param>
internal sealed record TokenSplit(
    [property: JsonPropertyName("tokens")] long Tokens,
    [property: JsonPropertyName("documents")] long Documents,
    [property: JsonPropertyName("emptyRows")] long EmptyRows,
    [property: JsonPropertyName("hash")] string Hash);

/// <summary>
/// The file tokens.json of a token folder: what the tokens were made from, and the tokens of each split. The property names are part of the
/// file format.
/// </summary>
internal sealed record TokenManifest
{
    public const string Name = "tokens.json";
    private const int CurrentVersion = 1;

    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>The version of the format.</summary>
    [JsonPropertyName("version")]
    public int Version { get; init; } = CurrentVersion;

    /// <summary>What determines the tokens and is known without reading the text, by name.</summary>
    [JsonPropertyName("source")]
    public required SortedDictionary<string, string> Source { get; init; }

    /// <summary>The tokenizer's <see cref="TextTokenizer.ContentHash"/>.</summary>
    [JsonPropertyName("tokenizerHash")]
    public required string TokenizerHash { get; init; }

    /// <summary>The splits by the prefix of their files.</summary>
    [JsonPropertyName("splits")]
    public required SortedDictionary<string, TokenSplit> Splits { get; init; }

    /// <summary>The names of all other files that were written with this one; null in manifests of the first builds.</summary>
    [JsonPropertyName("files")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Files { get; init; }

    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, Format);

    /// <exception cref="InvalidDataException">The file is missing or is not such JSON.</exception>
    public static TokenManifest Read(string folder)
    {
        string path = Path.Combine(folder, Name);
        if (!File.Exists(path))
            throw new InvalidDataException($"{folder} has no {Name}");
        try
        {
            byte[] content = File.ReadAllBytes(path);
            // What else a later version holds is not known, so its number is read alone first.
            int? version = JsonSerializer.Deserialize<Numbered>(content)?.Version;
            if (version != CurrentVersion)
            {
                throw new InvalidDataException(
                    $"{folder}, {Name}: it has version {version} of the format, and this version of the library reads version "
                    + $"{CurrentVersion}. Load it with the version that saved it.");
            }
            return JsonSerializer.Deserialize<TokenManifest>(content, Format)!;
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{folder}, {Name}: {FaultList.Quote(error.Message)}", error);
        }
    }

    private sealed record Numbered([property: JsonPropertyName("version")] int Version = CurrentVersion);
}

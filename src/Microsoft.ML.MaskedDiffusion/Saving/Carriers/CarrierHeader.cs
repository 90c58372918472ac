using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Saving.Carriers;

/// <summary>
/// The first text of a carrier, in JSON: what is carried, its settings, and the length and SHA-256 of the body. The names and the order of
/// the properties are part of the file format, because the seal is a hash of this JSON.
/// </summary>
internal sealed record CarrierHeader
{
    public const int CurrentFormat = 1;

    /// <summary>The version of the format.</summary>
    [JsonPropertyOrder(1)]
    [JsonPropertyName("Format")]
    public int Format { get; init; } = CurrentFormat;

    /// <summary>The name of the transform.</summary>
    [JsonPropertyOrder(2)]
    [JsonPropertyName("Kind")]
    public required string Kind { get; init; }

    /// <summary>The transform's options as it writes them itself.</summary>
    [JsonPropertyOrder(3)]
    [JsonPropertyName("Settings")]
    public required JsonElement Settings { get; init; }

    /// <summary>The length of the body in bytes.</summary>
    [JsonPropertyOrder(4)]
    [JsonPropertyName("Length")]
    public required long Length { get; init; }

    /// <summary>The SHA-256 of the body in lower-case hexadecimal digits.</summary>
    [JsonPropertyOrder(5)]
    [JsonPropertyName("Sha256")]
    public required string Sha256 { get; init; }

    /// <summary>The name of the body's file if it was too large to be carried; null if it follows in chunks.</summary>
    [JsonPropertyOrder(6)]
    [JsonPropertyName("File")]
    public string? File { get; init; }

    /// <summary>
    /// The folder that <see cref="File"/> was written to. The first builds wrote it; it is never looked at, because a path from a file may
    /// lead anywhere.
    /// </summary>
    [JsonPropertyOrder(7)]
    [JsonPropertyName("Folder")]
    public string? Folder { get; init; }

    /// <summary>The SHA-256 of this header without the seal, in lower-case hexadecimal digits.</summary>
    [JsonPropertyOrder(8)]
    [JsonPropertyName("Seal")]
    public string? Seal { get; init; }

    /// <summary>The version of the library that saved the model; null in the files of the first builds.</summary>
    [JsonPropertyOrder(9)]
    [JsonPropertyName("Library")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Library { get; init; }

    /// <summary>The JSON with its seal.</summary>
    public string ToText() => JsonSerializer.Serialize(this with { Seal = ComputeSeal() });

    /// <exception cref="InvalidDataException">The text is not such a header, or is of another format.</exception>
    public static CarrierHeader Parse(ReadOnlySpan<char> text)
    {
        CarrierHeader? header;
        try
        {
            // What else a later format holds is not known, so its number is read alone first.
            int format = JsonSerializer.Deserialize<Numbered>(text)?.Format ?? CurrentFormat;
            if (format != CurrentFormat)
                throw new InvalidDataException(
                    $"The saved model is of format {format}, but this version reads format {CurrentFormat}: "
                    + "load it with the version that saved it.");
            header = JsonSerializer.Deserialize<CarrierHeader>(text);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException("The saved model's header is damaged: it is not the JSON that was written. " + e.Message, e);
        }
        if (header is null || header.Kind is null || header.Sha256 is null || header.Length < 0)
            throw new InvalidDataException("The saved model's header is damaged: kind, length or SHA-256 is missing.");
        if (header.Seal != header.ComputeSeal())
            throw new InvalidDataException($"The saved {header.Kind} model's header was altered: its content does not fit its SHA-256.");
        return header;
    }

    private sealed record Numbered([property: JsonPropertyName("Format")] int Format = CurrentFormat);

    private string ComputeSeal() => HashingStream.HashOf(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(this with { Seal = null })));
}

using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Microsoft.ML.MaskedDiffusion.Saving.Carriers;

/// <summary>The blob's first chunk, as JSON: what is carried, its settings, and the length and SHA-256 of the body.</summary>
internal sealed record CarrierHeader
{
    public const int CurrentFormat = 1;

    public int Format { get; init; } = CurrentFormat;

    /// <summary>The name of the transform.</summary>
    public required string Kind { get; init; }

    /// <summary>The transform's options, in its own words.</summary>
    public required JsonElement Settings { get; init; }

    /// <summary>Bytes of the body.</summary>
    public required long Length { get; init; }

    /// <summary>Of the body, lower-case hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The body's file when it was too large to be carried; null when it follows in chunks.</summary>
    public string? File { get; init; }

    /// <summary>The folder that <see cref="File"/> was written to: the last place looked in.</summary>
    public string? Folder { get; init; }

    /// <summary>SHA-256 of this header without the seal, lower-case hexadecimal.</summary>
    public string? Seal { get; init; }

    public string ToText() => JsonSerializer.Serialize(this with { Seal = ComputeSeal() });

    /// <exception cref="InvalidDataException">The text is not such a header, or of a later format.</exception>
    public static CarrierHeader Parse(ReadOnlySpan<char> text)
    {
        CarrierHeader? header;
        try
        {
            header = JsonSerializer.Deserialize<CarrierHeader>(text);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException("The saved model's header is damaged: it is not the JSON that was written. " + e.Message, e);
        }
        if (header is null || header.Kind is null || header.Sha256 is null || header.Length < 0)
            throw new InvalidDataException("The saved model's header is damaged: kind, length or SHA-256 is missing.");
        if (header.Format != CurrentFormat)
            throw new InvalidDataException(
                $"The saved model is of format {header.Format}, and this version reads format {CurrentFormat}: load it with the version that saved it.");
        if (header.Seal != header.ComputeSeal())
            throw new InvalidDataException($"The saved {header.Kind} model's header was altered: its settings do not fit its SHA-256.");
        return header;
    }

    private string ComputeSeal() =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(this with { Seal = null }))));
}

using System.Security.Cryptography;
using Microsoft.ML.Data;

namespace Microsoft.ML.MaskedDiffusion.Saving.Carriers;

/// <summary>Bytes as text chunks, the form in which stock transformers carry a model: a header, then base64.</summary>
internal static class CarrierBlob
{
    /// <summary>Bytes in a chunk: a multiple of three, so that each chunk's base64 stands alone.</summary>
    public const int ChunkSize = 3 << 18;

    public static string[] Encode(CarrierHeader header, ReadOnlySpan<byte> body)
    {
        var chunks = new List<string> { header.ToText() };
        for (int start = 0; start < body.Length; start += ChunkSize)
            chunks.Add(Convert.ToBase64String(body[start..Math.Min(body.Length, start + ChunkSize)]));
        // The header alone would be a vector of one: keep it a vector everywhere.
        if (chunks.Count == 1)
            chunks.Add("");
        return [.. chunks];
    }

    /// <summary>The header's text; no parsing, as this runs for each row.</summary>
    /// <exception cref="InvalidDataException">There is none.</exception>
    public static ReadOnlyMemory<char> HeaderText(in VBuffer<ReadOnlyMemory<char>> blob) => blob.Length >= 2 && blob.IsDense
        ? blob.GetValues()[0]
        : throw new InvalidDataException(
            $"The saved model is damaged: its data are {blob.Length} chunks where a header and at least one more were written.");

    /// <summary>Reads the body and checks its length and SHA-256.</summary>
    /// <exception cref="InvalidDataException">The data are not what was saved.</exception>
    /// <exception cref="FileNotFoundException">They are in a file that is not found.</exception>
    public static CarrierContents Decode(in VBuffer<ReadOnlyMemory<char>> blob, CarrierLocation? location)
    {
        CarrierHeader header = CarrierHeader.Parse(HeaderText(blob).Span);
        if (header.File != null)
            return new CarrierContents(header, OpenFile(header, location));
        ReadOnlySpan<ReadOnlyMemory<char>> chunks = blob.GetValues()[1..];
        if (header.Length > (long)chunks.Length * ChunkSize)
            throw Damaged(header, $"{chunks.Length} chunks cannot hold {header.Length} bytes");
        byte[] body = new byte[header.Length];
        int written = 0;
        for (int i = 0; i < chunks.Length; i++)
        {
            if (!Convert.TryFromBase64Chars(chunks[i].Span, body.AsSpan(written), out int count))
                throw Damaged(header, $"chunk {i + 1} of {chunks.Length} is not the base64 that was written, or is too long");
            written += count;
        }
        if (written != body.Length)
            throw Damaged(header, $"{written} of {body.Length} bytes are there");
        Check(header, SHA256.HashData(body), "the model in the zip");
        return new CarrierContents(header, new MemoryStream(body, writable: false));
    }

    private static FileStream OpenFile(CarrierHeader header, CarrierLocation? location)
    {
        string path = CarrierLocation.Find(header, location);
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        try
        {
            if (stream.Length != header.Length)
                throw Damaged(header, $"'{path}' has {stream.Length} bytes, and {header.Length} were written");
            Check(header, SHA256.HashData(stream), $"'{path}'");
            stream.Position = 0;
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    private static void Check(CarrierHeader header, ReadOnlySpan<byte> hash, string what)
    {
        string actual = Convert.ToHexStringLower(hash);
        if (actual != header.Sha256)
            throw Damaged(header, $"the SHA-256 of {what} is {actual}, and {header.Sha256} was saved");
    }

    private static InvalidDataException Damaged(CarrierHeader header, string what) =>
        new($"The saved {header.Kind} model is damaged: {what}. Save it again, or fetch an intact copy.");
}

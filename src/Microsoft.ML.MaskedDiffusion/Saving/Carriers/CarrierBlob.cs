using Microsoft.ML.Data;
using Microsoft.ML.MaskedDiffusion.Files;

namespace Microsoft.ML.MaskedDiffusion.Saving.Carriers;

/// <summary>What a carrier held, compared with its SHA-256. The body stands at its start.</summary>
internal sealed record CarrierContents(CarrierHeader Header, Stream Body) : IDisposable
{
    public void Dispose() => Body.Dispose();
}

/// <summary>
/// A model as an array of texts, the form in which ML.NET's own transformers can carry it: first the header, then the bytes in base64.
/// </summary>
internal static class CarrierBlob
{
    /// <summary>Bytes in a chunk: a multiple of three, so that each chunk can be decoded by itself.</summary>
    public const int ChunkSize = 3 << 18;

    /// <summary>The texts of a header and a body.</summary>
    public static string[] Encode(CarrierHeader header, ReadOnlySpan<byte> body)
    {
        var chunks = new List<string> { header.ToText() };
        for (int start = 0; start < body.Length; start += ChunkSize)
            chunks.Add(Convert.ToBase64String(body[start..Math.Min(body.Length, start + ChunkSize)]));
        // ML.NET stores an array of one text as a plain text. A second one keeps it an array.
        if (chunks.Count == 1)
            chunks.Add("");
        return [.. chunks];
    }

    /// <summary>The header's text. It is not parsed, because this runs for every row.</summary>
    /// <exception cref="InvalidDataException">There is no header.</exception>
    public static ReadOnlyMemory<char> HeaderText(in VBuffer<ReadOnlyMemory<char>> blob) => blob.Length >= 2 && blob.IsDense
        ? blob.GetValues()[0]
        : throw new InvalidDataException(
            $"The saved model is damaged: its data has {blob.Length} parts, but a header and at least one more part were written.");

    /// <summary>Reads the body and compares its length and SHA-256 with the header.</summary>
    /// <exception cref="InvalidDataException">The data is not what was saved.</exception>
    /// <exception cref="FileNotFoundException">The body is in a file that is not found.</exception>
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
                throw Damaged(header, $"chunk {i + 1} of {chunks.Length} is not base64, or is too long");
            written += count;
        }
        if (written != body.Length)
            throw Damaged(header, $"only {written} of {body.Length} bytes are there");
        Check(header, HashingStream.HashOf(body), "the model in the zip");
        return new CarrierContents(header, new MemoryStream(body, writable: false));
    }

    private static FileStream OpenFile(CarrierHeader header, CarrierLocation? location)
    {
        string path = CarrierLocation.Find(header, location);
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        try
        {
            if (stream.Length != header.Length)
                throw Damaged(header, $"'{path}' has {stream.Length} bytes, but {header.Length} were written");
            Check(header, HashingStream.HashOf(stream), $"'{path}'");
            stream.Position = 0;
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    private static void Check(CarrierHeader header, string hash, string what)
    {
        if (hash != header.Sha256)
            throw Damaged(header, $"the SHA-256 of {what} is {hash}, but {header.Sha256} was saved");
    }

    private static InvalidDataException Damaged(CarrierHeader header, string what) =>
        new($"The saved {header.Kind} model is damaged: {what}. Save it again, or fetch an intact copy.");
}

using System.Buffers.Binary;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Packed;

/// <summary>
/// The 24 bytes at the start of a packed corpus file as the Python system writes it: "LITPKDS", a version (8 bytes, always 1), a type code
/// (1 byte) and the chunk size in ids (8 bytes), all little-endian.
/// </summary>
/// <param name="IdBytes">Bytes of one token id: 2 (type code 8, unsigned) or 4 (type code 4, signed).</param>
/// <param name="ChunkSize">Token ids in the file.</param>
internal readonly record struct PackedFileHeader(int IdBytes, long ChunkSize)
{
    public const int Size = 24;

    private const byte UInt16Code = 8, Int32Code = 4;

    private static ReadOnlySpan<byte> Magic => "LITPKDS"u8;

    /// <summary>The id width that the Python system chooses: 2 bytes below a vocabulary of 65,500 ids, otherwise 4.</summary>
    public static int IdBytesFor(int vocabularySize) => vocabularySize < 65500 ? 2 : 4;

    /// <summary>Writes the header to the first 24 bytes.</summary>
    public void Write(Span<byte> destination)
    {
        Magic.CopyTo(destination);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[7..], 1);
        destination[15] = IdBytes == 2 ? UInt16Code : Int32Code;
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], (ulong)ChunkSize);
    }

    /// <summary>Reads the header and compares it with the length of the file.</summary>
    /// <exception cref="InvalidDataException">The bytes are not such a header, or the length of the file is another.</exception>
    public static PackedFileHeader Read(ReadOnlySpan<byte> bytes, long fileLength, string path)
    {
        if (bytes.Length < Size || !bytes.StartsWith(Magic))
            throw new InvalidDataException($"{path}: not a packed corpus file (it does not begin with LITPKDS).");
        ulong version = BinaryPrimitives.ReadUInt64LittleEndian(bytes[7..]);
        if (version != 1)
            throw new InvalidDataException($"{path}: the packed corpus file has version {version}, but only version 1 can be read.");
        int idBytes = bytes[15] switch
        {
            UInt16Code => 2,
            Int32Code => 4,
            byte code =>
                throw new InvalidDataException($"{path}: token type code {code}; known are 8 (ids of 2 bytes) and 4 (ids of 4 bytes)."),
        };
        ulong chunkSize = BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]);
        long expected = chunkSize <= (ulong)(long.MaxValue - Size) / 4 ? Size + (long)chunkSize * idBytes : -1;
        return expected == fileLength && chunkSize > 0
            ? new PackedFileHeader(idBytes, (long)chunkSize)
            : throw new InvalidDataException(
                $"{path}: the header announces {chunkSize} ids of {idBytes} bytes, but {fileLength - Size} bytes "
                + "follow it; the file is cut off or altered.");
    }
}

using System.Buffers.Binary;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Packed;

/// <summary>
/// The 24 bytes at the start of a packed corpus file as the Python system writes it: "LITPKDS", u64 version 1, u8 type code, u64 chunk size
/// in ids, all little endian.
/// </summary>
/// <param name="IdBytes">Bytes of one token id: 2 (type code 8, u16) or 4 (type code 4, i32).</param>
/// <param name="ChunkSize">Token ids in the file.</param>
internal readonly record struct PackedFileHeader(int IdBytes, long ChunkSize)
{
    public const int Size = 24;

    private const byte UInt16Code = 8, Int32Code = 4;

    private static ReadOnlySpan<byte> Magic => "LITPKDS"u8;

    /// <summary>The id width the Python system chooses: u16 below a vocabulary of 65,500, else i32.</summary>
    public static int IdBytesFor(int vocabularySize) => vocabularySize < 65500 ? 2 : 4;

    public void Write(Span<byte> destination)
    {
        Magic.CopyTo(destination);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[7..], 1);
        destination[15] = IdBytes == 2 ? UInt16Code : Int32Code;
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], (ulong)ChunkSize);
    }

    /// <summary>Reads and checks the header of a file of the given length.</summary>
    public static PackedFileHeader Read(ReadOnlySpan<byte> bytes, long fileLength, string path)
    {
        if (bytes.Length < Size || !bytes.StartsWith(Magic))
            throw new InvalidDataException($"{path}: not a packed corpus file (it does not begin with LITPKDS).");
        ulong version = BinaryPrimitives.ReadUInt64LittleEndian(bytes[7..]);
        if (version != 1)
            throw new InvalidDataException($"{path}: packed corpus version {version}; this reader knows version 1.");
        int idBytes = bytes[15] switch
        {
            UInt16Code => 2,
            Int32Code => 4,
            byte code => throw new InvalidDataException($"{path}: token type code {code}; token ids are u16 (8) or i32 (4)."),
        };
        ulong chunkSize = BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]);
        long expected = chunkSize <= (ulong)(long.MaxValue - Size) / 4 ? Size + (long)chunkSize * idBytes : -1;
        return expected == fileLength && chunkSize > 0
            ? new PackedFileHeader(idBytes, (long)chunkSize)
            : throw new InvalidDataException(
                $"{path}: the header promises {chunkSize} ids of {idBytes} bytes, but the file has {fileLength - Size} bytes of them; it is truncated or altered.");
    }
}

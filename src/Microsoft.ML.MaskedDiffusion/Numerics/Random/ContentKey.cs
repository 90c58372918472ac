using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Numerics.Random;

/// <summary>Names a row's content by 64 bits of SHA-256, the same on every machine: the stream number of the row's random draws.</summary>
internal static class ContentKey
{
    public static ulong Of(ReadOnlySpan<int> tokens)
    {
        if (BitConverter.IsLittleEndian)
            return First64(MemoryMarshal.AsBytes(tokens));
        byte[] bytes = new byte[tokens.Length * sizeof(int)];
        for (int i = 0; i < tokens.Length; i++)
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(i * sizeof(int)), tokens[i]);
        return First64(bytes);
    }

    /// <summary>The key of one of several draws of the same content; the first has that of the content itself.</summary>
    public static ulong Of(ReadOnlySpan<int> tokens, int sample) => sample == 0 ? Of(tokens) : Combine(Of(tokens), (ulong)sample);

    public static ulong Of(string text) => First64(Encoding.UTF8.GetBytes(text));

    /// <summary>A key of an ordered pair.</summary>
    public static ulong Combine(ulong a, ulong b)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, a);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], b);
        return First64(bytes);
    }

    private static ulong First64(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }
}

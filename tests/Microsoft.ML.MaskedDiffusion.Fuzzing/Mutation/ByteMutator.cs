using System.Buffers.Binary;

namespace Microsoft.ML.MaskedDiffusion.Fuzzing.Mutation;

/// <summary>Alters bytes without knowing what they mean, as a bad disk, a bad download or an attacker may.</summary>
internal static class ByteMutator
{
    // Headers stand at the beginning, and the directories of archives and of Parquet files at the end: half of all changes are there.
    private const int EdgeBytes = 96, LongestBlock = 64;

    private static readonly ulong[] Extremes =
    [
        0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x4000_0000, 0x7FFF_FFFF_FFFF_FFFF,
        0x8000_0000_0000_0000, 0xFFFF_FFFF_FFFF_FFFF, 100_000_000,
    ];

    /// <summary>One to three changes.</summary>
    /// <param name="content">What is altered; it stays as it is.</param>
    /// <param name="other">Another file, of which parts are taken.</param>
    /// <param name="random">Decides.</param>
    public static byte[] Mutate(byte[] content, byte[] other, Random random)
    {
        byte[] altered = content;
        for (int changes = 1 + random.Next(3); changes > 0; changes--)
            altered = Change(altered, other, random);
        return altered;
    }

    private static byte[] Change(byte[] content, byte[] other, Random random)
    {
        if (content.Length == 0)
            return Block(random);
        int at = Place(content.Length, random);
        int length = Math.Min(1 + random.Next(LongestBlock), content.Length - at);
        byte[] altered = [.. content];
        switch (random.Next(11))
        {
            case 0:
                altered[at] ^= (byte)(1 << random.Next(8));
                return altered;
            case 1:
                altered[at] = (byte)random.Next(256);
                return altered;
            case 2 or 3:
                WriteExtreme(altered, at, random);
                return altered;
            case 4:
                return content[..at];
            case 5:
                return [.. content[..at], .. Block(random), .. content[at..]];
            case 6:
                return [.. content[..at], .. content[(at + length)..]];
            case 7:
                return [.. content[..at], .. content[at..(at + length)], .. content[at..]];
            case 8:
                content.AsSpan(at, length).CopyTo(altered.AsSpan(Math.Min(Place(content.Length, random), content.Length - length)));
                return altered;
            case 9:
                altered.AsSpan(at, length).Fill((byte)(random.Next(2) * 255));
                return altered;
            default:
                return [.. content[..at], .. other[random.Next(other.Length + 1)..]];
        }
    }

    private static void WriteExtreme(byte[] content, int at, Random random)
    {
        ulong value = random.Next(4) == 0
            ? (ulong)(content.Length + random.Next(-2, 3)) : Extremes[random.Next(Extremes.Length)];
        Span<byte> bytes = stackalloc byte[8];
        if (random.Next(4) == 0)
            BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        else
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        int width = Math.Min(1 << random.Next(4), content.Length - at);
        bytes[..width].CopyTo(content.AsSpan(at));
    }

    private static byte[] Block(Random random)
    {
        byte[] block = new byte[1 + random.Next(LongestBlock)];
        random.NextBytes(block);
        return block;
    }

    private static int Place(int length, Random random) => random.Next(4) switch
    {
        0 => random.Next(Math.Min(length, EdgeBytes)),
        1 => length - 1 - random.Next(Math.Min(length, EdgeBytes)),
        _ => random.Next(length),
    };
}

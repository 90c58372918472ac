using System.Buffers.Binary;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.SentencePiece;

/// <summary>
/// The "precompiled_charsmap" of a SentencePiece model: a double-array trie over UTF-8 bytes (Darts-clone's layout) from sequences of
/// characters to their normalized texts, which follow it, each ended by a zero byte.
/// </summary>
internal sealed class CharacterMap
{
    private readonly uint[] _units;
    private readonly byte[] _texts;

    private CharacterMap(uint[] units, byte[] texts)
    {
        _units = units;
        _texts = texts;
    }

    /// <summary>Reads a map.</summary>
    /// <exception cref="FormatException">The bytes are no such map.</exception>
    public static CharacterMap Read(ReadOnlySpan<byte> content)
    {
        if (content.Length < 4)
            throw new FormatException("its map of characters ends before its size");
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(content);
        if (size > content.Length - 4 || size % 4 != 0)
            throw new FormatException("its map of characters has not the size that it says");
        uint[] units = new uint[size / 4];
        for (int i = 0; i < units.Length; i++)
            units[i] = BinaryPrimitives.ReadUInt32LittleEndian(content[(4 + 4 * i)..]);
        return new CharacterMap(units, content[(4 + (int)size)..].ToArray());
    }

    /// <summary>The bytes of the longest mapped sequence that the text begins with, 0 if there is none, and its normalized text.</summary>
    public int Longest(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> normalized) => Find(text, shortest: false, out normalized);

    /// <summary>As <see cref="Longest"/>, but the shortest mapped sequence.</summary>
    public int Shortest(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> normalized) => Find(text, shortest: true, out normalized);

    private int Find(ReadOnlySpan<byte> text, bool shortest, out ReadOnlySpan<byte> normalized)
    {
        (int length, uint value) = (0, 0);
        uint at = 0;
        uint unit = Unit(0);
        at ^= Offset(unit);
        for (int i = 0; i < text.Length; i++)
        {
            at ^= text[i];
            unit = Unit(at);
            // The label of a unit is its lowest byte; the highest bit marks a value instead.
            if ((unit & 0x8000_00FF) != text[i])
                break;
            at ^= Offset(unit);
            if ((unit >> 8 & 1) == 0)
                continue;
            (length, value) = (i + 1, Unit(at) & 0x7FFF_FFFF);
            if (shortest)
                break;
        }
        normalized = default;
        if (length == 0 || value >= _texts.Length)
            return 0;
        ReadOnlySpan<byte> rest = _texts.AsSpan((int)value);
        int end = rest.IndexOf((byte)0);
        normalized = end < 0 ? rest : rest[..end];
        return length;
    }

    // A damaged map leads out of the array; there no sequence goes on.
    private uint Unit(uint at) => at < (uint)_units.Length ? _units[at] : 0x8000_0000;

    private static uint Offset(uint unit) => unit >> 10 << (int)((unit & 0x200) >> 6);
}

using System.Text;

namespace Microsoft.ML.Tokenizers;

/// <summary>GPT-2's writing of bytes as printable characters: a printable Latin-1 byte is itself, the 68 others follow from U+0100 on.</summary>
internal static class ByteAlphabet
{
    private static readonly char[] Characters = Build();
    private static readonly short[] Bytes = Invert();

    public static char ToCharacter(byte value) => Characters[value];

    /// <summary>The UTF-8 text behind a token's characters. A character outside the alphabet (of a special token) stands for itself.</summary>
    public static void AppendBytes(string token, List<byte> bytes)
    {
        Span<byte> utf8 = stackalloc byte[4];
        foreach (Rune rune in token.EnumerateRunes())
        {
            if (rune.Value < Bytes.Length && Bytes[rune.Value] >= 0)
                bytes.Add((byte)Bytes[rune.Value]);
            else
                bytes.AddRange(utf8[..rune.EncodeToUtf8(utf8)]);
        }
    }

    private static char[] Build()
    {
        var characters = new char[256];
        int next = 256;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            characters[value] = printable ? (char)value : (char)next++;
        }
        return characters;
    }

    private static short[] Invert()
    {
        short[] bytes = new short[256 + 68];
        Array.Fill(bytes, (short)-1);
        for (int value = 0; value < 256; value++)
            bytes[Characters[value]] = (short)value;
        return bytes;
    }
}

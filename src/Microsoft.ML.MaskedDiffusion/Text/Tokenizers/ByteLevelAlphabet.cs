using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

/// <summary>
/// GPT-2's way to write bytes as printable text, so that vocabularies fit into JSON: printable Latin-1 bytes stand for themselves, the
/// others are written as characters from U+0100 on.
/// </summary>
internal static class ByteLevelAlphabet
{
    private static readonly char[] Characters = Build();
    private static readonly Dictionary<char, byte> Bytes =
        Enumerable.Range(0, 256).ToDictionary(value => Characters[value], value => (byte)value);

    /// <summary>The tokens of the 256 bytes, in ascending order of the bytes.</summary>
    public static IEnumerable<string> Tokens => Characters.Select(character => character.ToString());

    public static char ToCharacter(byte value) => Characters[value];

    public static string ToText(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (byte value in bytes)
            text.Append(Characters[value]);
        return text.ToString();
    }

    /// <summary>
    /// The bytes that a token represents. A token with a character outside the alphabet, such as a special token, represents its own UTF-8
    /// bytes.
    /// </summary>
    public static byte[] ToBytes(string token)
    {
        byte[] bytes = new byte[token.Length];
        for (int i = 0; i < token.Length; i++)
        {
            if (!Bytes.TryGetValue(token[i], out bytes[i]))
                return Encoding.UTF8.GetBytes(token);
        }
        return bytes;
    }

    private static char[] Build()
    {
        char[] characters = new char[256];
        char next = '\u0100';
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is (> ' ' and < 0x7F) or (> 0xA0 and <= 0xFF and not 0xAD);
            characters[value] = printable ? (char)value : next++;
        }
        return characters;
    }
}

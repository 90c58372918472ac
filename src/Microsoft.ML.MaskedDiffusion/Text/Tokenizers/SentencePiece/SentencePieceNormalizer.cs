using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.SentencePiece;

/// <summary>
/// Normalizes a text as SentencePiece does: user-defined symbols stay as they are, the model's map of characters rewrites the longest
/// sequence that it knows at each place, white space is folded and escaped as the model says. Text that does not start a text gets no
/// dummy prefix and keeps one space at either end.
/// </summary>
internal sealed class SentencePieceNormalizer(SentencePieceVocabulary vocabulary)
{
    private readonly UnitTrie _symbols = Symbols(vocabulary);
    private readonly byte[] _space = vocabulary.EscapeWhitespaces ? "\u2581"u8.ToArray() : " "u8.ToArray();

    public string Normalize(string text, bool startsText)
    {
        bool fold = vocabulary.RemoveExtraWhitespaces;
        ReadOnlySpan<byte> input = Encoding.UTF8.GetBytes(text);
        if (startsText && fold)
        {
            while (input.Length > 0 && Next(input, out ReadOnlySpan<byte> first) is var used && first is [(byte)' '])
                input = input[used..];
        }
        if (input.IsEmpty)
            return "";
        var output = new List<byte>(input.Length + 16);
        if (startsText && vocabulary.AddDummyPrefix)
            output.AddRange(_space);
        bool afterSpace = startsText && fold;
        while (!input.IsEmpty)
        {
            input = input[Next(input, out ReadOnlySpan<byte> piece)..];
            while (afterSpace && piece is [(byte)' ', ..])
                piece = piece[1..];
            if (piece.IsEmpty)
                continue;
            foreach (byte value in piece)
            {
                if (value == ' ')
                    output.AddRange(_space);
                else
                    output.Add(value);
            }
            afterSpace = fold && piece[^1] == ' ';
        }
        if (startsText && fold)
            TrimEnd(output);
        return Encoding.UTF8.GetString([.. output]);
    }

    private void TrimEnd(List<byte> output)
    {
        int length = output.Count;
        while (length >= _space.Length && EndsWithSpace(output, length))
            length -= _space.Length;
        output.RemoveRange(length, output.Count - length);
    }

    private bool EndsWithSpace(List<byte> output, int length)
    {
        for (int i = 0; i < _space.Length; i++)
        {
            if (output[length - _space.Length + i] != _space[i])
                return false;
        }
        return true;
    }

    // How many bytes are read, and what they become.
    private int Next(ReadOnlySpan<byte> input, out ReadOnlySpan<byte> piece)
    {
        int length = _symbols.IsEmpty ? 0 : _symbols.Longest(input);
        if (length == 0 && vocabulary.Characters is { } map && (length = map.Longest(input, out piece)) > 0)
            return length;
        if (length == 0)
            Rune.DecodeFromUtf8(input, out _, out length);
        piece = input[..length];
        return length;
    }

    private static UnitTrie Symbols(SentencePieceVocabulary vocabulary)
    {
        var symbols = new UnitTrie();
        for (int id = 0; id < vocabulary.Count; id++)
        {
            if (vocabulary.KindOf(id) == PieceKind.UserDefined)
                symbols.Add(Encoding.UTF8.GetBytes(vocabulary.TextOf(id)), id);
        }
        return symbols;
    }
}

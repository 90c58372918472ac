using System.Globalization;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

/// <summary>
/// The parts of a SentencePiece model file (sentencepiece_model.proto) that decoding and normalization need; the ML.NET tokenizer encodes.
/// </summary>
internal sealed class SentencePieceVocabulary
{
    private const int Normal = 1, Unknown = 2, UserDefined = 4, Byte = 6;

    private readonly List<(string Text, int Type)> _pieces = [];
    private bool _treatWhitespaceAsSuffix;
    private bool _hasCharacterMap;
    private int _beginning = 1;
    private int _end = 2;

    private SentencePieceVocabulary() { }

    public int Count => _pieces.Count;

    public int? BeginningOfSequenceId => _beginning >= 0 && _beginning < Count ? _beginning : null;

    public int? EndOfSequenceId => _end >= 0 && _end < Count ? _end : null;

    public bool AddDummyPrefix { get; private set; } = true;

    public bool RemoveExtraWhitespaces { get; private set; } = true;

    public bool EscapeWhitespaces { get; private set; } = true;

    public static SentencePieceVocabulary Read(byte[] content)
    {
        var vocabulary = new SentencePieceVocabulary();
        try
        {
            var fields = new ProtobufFields(content);
            while (fields.MoveNext())
            {
                switch (fields.Number)
                {
                    case 1:
                        vocabulary.ReadPiece(fields.Content);
                        break;
                    case 2:
                        vocabulary.ReadTrainerSpec(fields.Content);
                        break;
                    case 3:
                        vocabulary.ReadNormalizerSpec(fields.Content);
                        break;
                }
            }
        }
        catch (FormatException e)
        {
            throw Bad($"expected a SentencePiece model, but {e.Message}", e);
        }
        if (vocabulary.Count == 0)
            throw Bad("expected a SentencePiece model, but there are no pieces in it");
        if (vocabulary._treatWhitespaceAsSuffix)
            throw Bad("its model treats white space as a suffix of words, which is not supported: expected it as a prefix, the default");
        if (vocabulary._hasCharacterMap)
            throw Bad(
                "its model normalizes characters by a map, which is not supported: expected normalization_rule_name 'identity', "
                + "as Llama's");
        return vocabulary;
    }

    /// <summary>
    /// The bytes that a piece represents. The unknown piece is written as in SentencePiece, a double question mark (U+2047) between spaces.
    /// </summary>
    /// <summary>Whether an id stands for text, and not for an unknown character, padding or another mark.</summary>
    public bool HasText(int id) => _pieces[id].Type is Normal or UserDefined or Byte;

    public byte[] ToBytes(int id)
    {
        (string text, int type) = _pieces[id];
        if (type == Byte)
            return [byte.Parse(text.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)];
        if (type == Unknown)
            text = " \u2047 ";
        return Encoding.UTF8.GetBytes(EscapeWhitespaces ? text.Replace('\u2581', ' ') : text);
    }

    public static InvalidDataException Bad(string what, Exception? inner = null) =>
        new($"Tokenizer file '{TokenizerFiles.SentencePiece}': {what}.", inner);

    private void ReadPiece(ReadOnlySpan<byte> message)
    {
        (string text, int type) = ("", 1);
        var fields = new ProtobufFields(message);
        while (fields.MoveNext())
        {
            if (fields.Number == 1)
                text = Encoding.UTF8.GetString(fields.Content);
            else if (fields.Number == 3)
                type = (int)fields.Value;
        }
        if (type == Byte && !IsByteName(text))
            throw new FormatException($"piece {Count} is of type byte and called '{text}' instead of <0x00> .. <0xFF>");
        _pieces.Add((text, type));
    }

    private static bool IsByteName(string text) => text.Length == 6 && text.StartsWith("<0x", StringComparison.Ordinal) && text[5] == '>'
        && char.IsAsciiHexDigit(text[3]) && char.IsAsciiHexDigit(text[4]);

    private void ReadTrainerSpec(ReadOnlySpan<byte> message)
    {
        var fields = new ProtobufFields(message);
        while (fields.MoveNext())
        {
            switch (fields.Number)
            {
                case 24:
                    _treatWhitespaceAsSuffix = fields.Value != 0;
                    break;
                case 41:
                    _beginning = (int)fields.Value;
                    break;
                case 42:
                    _end = (int)fields.Value;
                    break;
            }
        }
    }

    private void ReadNormalizerSpec(ReadOnlySpan<byte> message)
    {
        var fields = new ProtobufFields(message);
        while (fields.MoveNext())
        {
            switch (fields.Number)
            {
                case 2:
                    _hasCharacterMap = !fields.Content.IsEmpty;
                    break;
                case 3:
                    AddDummyPrefix = fields.Value != 0;
                    break;
                case 4:
                    RemoveExtraWhitespaces = fields.Value != 0;
                    break;
                case 5:
                    EscapeWhitespaces = fields.Value != 0;
                    break;
            }
        }
    }
}

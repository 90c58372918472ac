using System.Globalization;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.SentencePiece;

/// <summary>What a SentencePiece model file (sentencepiece_model.proto) says: its pieces, and how to normalize, cut and decode.</summary>
internal sealed class SentencePieceVocabulary
{
    private const int UnigramModel = 1, BytePairModel = 2;

    private readonly List<(string Text, float Score, PieceKind Kind)> _pieces = [];
    private readonly Dictionary<string, int> _reserved = new(StringComparer.Ordinal);
    private readonly int[] _bytes = new int[256];
    private int _model = UnigramModel;
    private bool _treatWhitespaceAsSuffix;
    private bool _denormalizes;
    private bool _hasTrainer, _hasNormalizer;
    private int _beginning = 1;
    private int _end = 2;

    private SentencePieceVocabulary() { }

    public int Count => _pieces.Count;

    public int? BeginningOfSequenceId => _beginning >= 0 && _beginning < Count ? _beginning : null;

    public int? EndOfSequenceId => _end >= 0 && _end < Count ? _end : null;

    public bool AddDummyPrefix { get; private set; } = true;

    public bool RemoveExtraWhitespaces { get; private set; } = true;

    public bool EscapeWhitespaces { get; private set; } = true;

    /// <summary>Whether unknown characters are written as bytes.</summary>
    public bool ByteFallback { get; private set; }

    /// <summary>Whether the model is of the Unigram kind; else it is of byte pairs.</summary>
    public bool IsUnigram => _model == UnigramModel;

    /// <summary>The model's normalization of characters, or null for none.</summary>
    public CharacterMap? Characters { get; private set; }

    public int UnknownId { get; private set; } = -1;

    /// <summary>What the unknown piece is decoded to; if the model does not say, a double question mark (U+2047) between spaces.</summary>
    public string UnknownText { get; private set; } = " \u2047 ";

    /// <summary>The pieces that text can be cut into: normal, user-defined and unused ones.</summary>
    public Dictionary<string, int> Pieces { get; } = new(StringComparer.Ordinal);

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
                        vocabulary._hasTrainer = true;
                        vocabulary.ReadTrainerSpec(fields.Content);
                        break;
                    case 3:
                        vocabulary._hasNormalizer = true;
                        vocabulary.ReadNormalizerSpec(fields.Content);
                        break;
                    case 5:
                        vocabulary.ReadDenormalizerSpec(fields.Content);
                        break;
                }
            }
        }
        catch (FormatException e)
        {
            throw Bad($"expected a SentencePiece model, but {e.Message}", e);
        }
        vocabulary.Check();
        return vocabulary;
    }

    public string TextOf(int id) => _pieces[id].Text;

    public float ScoreOf(int id) => _pieces[id].Score;

    public PieceKind KindOf(int id) => _pieces[id].Kind;

    /// <summary>The byte of a piece of the kind byte.</summary>
    public byte ByteOf(int id) => byte.Parse(_pieces[id].Text.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    public int IdOfByte(byte value) => _bytes[value];

    /// <summary>The id of a piece, or the unknown id.</summary>
    public int IdOf(ReadOnlySpan<char> piece) =>
        _reserved.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(piece, out int id)
            || Pieces.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(piece, out id) ? id : UnknownId;

    public static InvalidDataException Bad(string what, Exception? inner = null) =>
        new($"Tokenizer file '{TokenizerFiles.SentencePiece}': {what}.", inner);

    private void Check()
    {
        if (Count == 0)
            throw Bad("expected a SentencePiece model, but there are no pieces in it");
        // They follow the pieces in every file. Without them the ids would be those of other settings.
        if (!_hasTrainer || !_hasNormalizer)
        {
            throw Bad($"its SentencePiece model ends after {Count} pieces, without the sections trainer_spec and normalizer_spec that "
                + "follow them: the file is cut off; fetch a whole copy");
        }
        if (_model is not UnigramModel and not BytePairModel)
        {
            throw Bad($"its SentencePiece model is of kind {_model} (3 is word, 4 is char), which is not supported: expected 1, Unigram, "
                + "or 2, byte pairs");
        }
        if (_treatWhitespaceAsSuffix)
            throw Bad("its model treats white space as a suffix of words, which is not supported: expected it as a prefix, the default");
        if (_denormalizes)
            throw Bad("its model has rules to rewrite decoded text (denormalizer_spec), which are not supported: expected none");
        if (UnknownId < 0)
            throw Bad("its SentencePiece model has no unknown piece, expected one, such as <unk>");
        for (int value = 0; ByteFallback && value < 256; value++)
        {
            if (_bytes[value] == 0 && (_pieces[0].Kind != PieceKind.Byte || ByteOf(0) != value))
                throw Bad($"its SentencePiece model writes unknown characters as bytes, but there is no piece <0x{value:X2}>");
        }
    }

    private void ReadPiece(ReadOnlySpan<byte> message)
    {
        (string text, float score, PieceKind kind) = ("", 0, PieceKind.Normal);
        var fields = new ProtobufFields(message);
        while (fields.MoveNext())
        {
            switch (fields.Number)
            {
                case 1:
                    text = Encoding.UTF8.GetString(fields.Content);
                    break;
                case 2:
                    score = BitConverter.UInt32BitsToSingle((uint)fields.Value);
                    break;
                case 3:
                    kind = (PieceKind)(int)fields.Value;
                    break;
            }
        }
        int id = Count;
        if (text.Length == 0)
            throw new FormatException($"piece {id} is empty");
        if (kind == PieceKind.Byte)
        {
            if (!IsByteName(text))
                throw new FormatException($"piece {id} is of type byte and called '{TextExcerpt.Of(text)}' instead of <0x00> .. <0xFF>");
            _bytes[Convert.ToByte(text[3..5], 16)] = id;
        }
        bool plain = kind is PieceKind.Normal or PieceKind.UserDefined or PieceKind.Unused;
        if (!(plain ? Pieces : _reserved).TryAdd(text, id))
            throw new FormatException($"piece {id}, '{TextExcerpt.Of(text)}', is there twice");
        if (kind == PieceKind.Unknown)
            UnknownId = id;
        _pieces.Add((text, score, kind));
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
                case 3:
                    _model = (int)fields.Value;
                    break;
                case 24:
                    _treatWhitespaceAsSuffix = fields.Value != 0;
                    break;
                case 35:
                    ByteFallback = fields.Value != 0;
                    break;
                case 41:
                    _beginning = (int)fields.Value;
                    break;
                case 42:
                    _end = (int)fields.Value;
                    break;
                case 44:
                    UnknownText = Encoding.UTF8.GetString(fields.Content);
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
                case 2 when !fields.Content.IsEmpty:
                    Characters = CharacterMap.Read(fields.Content);
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

    private void ReadDenormalizerSpec(ReadOnlySpan<byte> message)
    {
        var fields = new ProtobufFields(message);
        while (fields.MoveNext())
            _denormalizes |= fields.Number == 2 && !fields.Content.IsEmpty;
    }
}

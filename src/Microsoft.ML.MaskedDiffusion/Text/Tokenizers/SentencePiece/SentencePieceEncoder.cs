using System.Buffers;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.SentencePiece;

/// <summary>
/// Encodes and decodes with a SentencePiece model exactly as Google's library does. Microsoft.ML.Tokenizers 2.0.1, whose place it takes,
/// gives other ids: among byte pairs of equal score it merges the rightmost first; it does not find user-defined symbols as the library
/// does; it normalizes NFKC models otherwise (spaces that the map of characters makes, text that it leaves alone inside user-defined
/// symbols); a run of unknown characters is one id there and one for each character here; and equal sums of Unigram scores are decided
/// otherwise.
/// </summary>
internal sealed class SentencePieceEncoder : OwnTokenizer
{
    private readonly SentencePieceVocabulary _vocabulary;
    private readonly SentencePieceNormalizer _normalizer;
    private readonly ISentencePieceModel _model;

    public SentencePieceEncoder(SentencePieceVocabulary vocabulary)
    {
        _vocabulary = vocabulary;
        _normalizer = new SentencePieceNormalizer(vocabulary);
        _model = vocabulary.IsUnigram ? new UnigramModel(vocabulary) : new BytePairModel(vocabulary);
    }

    public override string TokenOf(int id) => _vocabulary.TextOf(id);

    public override string Encode(string text, bool startsText, bool normalize, List<TokenSpan> tokens)
    {
        string normalized = normalize ? _normalizer.Normalize(text, startsText) : text;
        var pieces = new List<TokenSpan>(normalized.Length / 3 + 2);
        _model.Segment(normalized, pieces);
        bool afterUnknown = false;
        foreach (TokenSpan piece in pieces)
        {
            bool unknown = piece.Id == _vocabulary.UnknownId;
            if (unknown && _vocabulary.ByteFallback)
                AddBytes(normalized, piece, tokens);
            else if (unknown && afterUnknown)
                tokens[^1] = tokens[^1] with { Length = tokens[^1].Length + piece.Length };
            else
                tokens.Add(piece);
            afterUnknown = unknown;
        }
        return normalized;
    }

    public override string Decode(IReadOnlyList<int> ids, bool startsText)
    {
        var text = new StringBuilder(ids.Count * 4);
        var bytes = new ArrayBufferWriter<byte>();
        bool expectSpace = startsText && (_vocabulary.AddDummyPrefix || _vocabulary.RemoveExtraWhitespaces);
        bool spaceTaken = false;
        foreach (int id in ids)
        {
            if (_vocabulary.KindOf(id) == PieceKind.Byte)
            {
                bytes.Write([_vocabulary.ByteOf(id)]);
                continue;
            }
            FlushBytes(bytes, text);
            if (spaceTaken || text.Length > 0)
                expectSpace = false;
            switch (_vocabulary.KindOf(id))
            {
                case PieceKind.Control:
                    spaceTaken = false;
                    continue;
                case PieceKind.Unknown:
                    spaceTaken = false;
                    text.Append(_vocabulary.UnknownText);
                    continue;
            }
            string piece = _vocabulary.TextOf(id);
            bool leading = expectSpace && piece.StartsWith('\u2581');
            // Where extra white space is removed, every space before the first character goes.
            spaceTaken = leading && !_vocabulary.RemoveExtraWhitespaces;
            text.Append((leading ? piece[1..] : piece).Replace('\u2581', ' '));
        }
        FlushBytes(bytes, text);
        return text.ToString();
    }

    // Google's library writes a replacement character for each byte that belongs to no character.
    private static void FlushBytes(ArrayBufferWriter<byte> bytes, StringBuilder text)
    {
        ReadOnlySpan<byte> rest = bytes.WrittenSpan;
        while (!rest.IsEmpty)
        {
            bool valid = Rune.DecodeFromUtf8(rest, out Rune rune, out int length) == OperationStatus.Done;
            text.Append(valid ? rune.ToString() : "\uFFFD");
            rest = rest[(valid ? length : 1)..];
        }
        bytes.ResetWrittenCount();
    }

    private void AddBytes(string normalized, TokenSpan piece, List<TokenSpan> tokens)
    {
        Span<byte> bytes = stackalloc byte[4];
        int start = piece.Start;
        foreach (Rune rune in normalized.AsSpan(piece.Start, piece.Length).EnumerateRunes())
        {
            int count = rune.EncodeToUtf8(bytes);
            // The last byte stands for the character, as in the library; the others stand for nothing.
            for (int i = 0; i < count; i++)
                tokens.Add(new TokenSpan(_vocabulary.IdOfByte(bytes[i]), start, i + 1 < count ? 0 : rune.Utf16SequenceLength));
            start += rune.Utf16SequenceLength;
        }
    }
}

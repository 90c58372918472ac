using System.Buffers;
using System.Text;
using Microsoft.ML.MaskedDiffusion.Text.Patterns;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

/// <summary>GPT-2's byte-level BPE: every text can be encoded, and decoding returns the same text.</summary>
internal sealed class ByteLevelTokenizer : TextTokenizer
{
    private readonly byte[][] _bytes;

    // Tokens that no text is cut into are names, such as <pad> and <unk>.
    private readonly bool[] _isName;

    public ByteLevelTokenizer(ByteLevelVocabulary vocabulary)
        : base(Build(vocabulary), vocabulary.Tokens.Count, vocabulary.BeginningOfSequenceId, vocabulary.EndOfSequenceId, vocabulary.Files)
    {
        _bytes = [.. vocabulary.Tokens.Select(ByteLevelAlphabet.ToBytes)];
        HashSet<string> made = [.. vocabulary.Merges.Select(merge => merge.Replace(" ", "", StringComparison.Ordinal))];
        _isName = [.. vocabulary.Tokens.Select(token => token.Length > 1 && !made.Contains(token))];
    }

    /// <summary>The tokenizer without merges: ids 0 .. 255 are the bytes, 256 is the end of text.</summary>
    public static ByteLevelTokenizer OfBytes() => new(ByteLevelVocabulary.Create([.. ByteLevelAlphabet.Tokens], []));

    internal override ReadOnlyMemory<byte> BytesOf(int id) => HasText(id) && !_isName[id] ? _bytes[id] : default(ReadOnlyMemory<byte>);

    private protected override int[] EncodeWellFormed(string text, bool startsText) => [.. Tokenizer.EncodeToIds(text, true, false)];

    // Decoding is implemented here because the ML.NET tokenizer fails on malformed UTF-8 and on very long tokens.
    private protected override string Decode(IReadOnlyList<int> ids, bool startsText)
    {
        var bytes = new ArrayBufferWriter<byte>(Math.Max(16, ids.Count * 4));
        foreach (int id in WithText(ids))
            bytes.Write(_bytes[id]);
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    // The pattern and the absence of special tokens are passed explicitly, so that encoding does not depend on the package's defaults.
    private static BpeTokenizer Build(ByteLevelVocabulary vocabulary) => BpeTokenizer.Create(
        new BpeOptions(vocabulary.Tokens.Select((token, id) => KeyValuePair.Create(token, id)))
        {
            Merges = vocabulary.Merges,
            ByteLevel = true,
            PreTokenizer = new WordPreTokenizer(),
        });
}

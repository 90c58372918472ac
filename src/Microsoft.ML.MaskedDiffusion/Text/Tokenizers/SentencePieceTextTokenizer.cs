using System.Buffers;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

/// <summary>
/// A SentencePiece model, such as Llama's. Normalization and decoding are implemented here, because they differ for text that follows a
/// gap.
/// </summary>
internal sealed class SentencePieceTextTokenizer : TextTokenizer
{
    private readonly SentencePieceVocabulary _vocabulary;
    private readonly byte[][] _bytes;

    public SentencePieceTextTokenizer(byte[] content) : this(content, SentencePieceVocabulary.Read(content)) { }

    private SentencePieceTextTokenizer(byte[] content, SentencePieceVocabulary vocabulary)
        : base(Build(content), vocabulary.Count, vocabulary.BeginningOfSequenceId, vocabulary.EndOfSequenceId,
            new Dictionary<string, byte[]> { [TokenizerFiles.SentencePiece] = content })
    {
        _vocabulary = vocabulary;
        _bytes = [.. Enumerable.Range(0, vocabulary.Count).Select(vocabulary.ToBytes)];
    }

    internal override ReadOnlyMemory<byte> BytesOf(int id) =>
        HasText(id) && _vocabulary.HasText(id) ? _bytes[id] : default(ReadOnlyMemory<byte>);

    private protected override int[] EncodeWellFormed(string text, bool startsText)
    {
        string normalized = Normalize(text, startsText);
        return normalized.Length == 0 ? [] : [.. ((SentencePieceTokenizer)Tokenizer).EncodeToIds(normalized, false, false, true, false)];
    }

    private protected override string Decode(IReadOnlyList<int> ids, bool startsText)
    {
        var bytes = new ArrayBufferWriter<byte>(Math.Max(16, ids.Count * 4));
        for (int i = 0; i < ids.Count; i++)
        {
            if (HasText(ids[i]))
                bytes.Write(_bytes[ids[i]]);
        }
        ReadOnlySpan<byte> text = bytes.WrittenSpan;
        if (startsText && _vocabulary.AddDummyPrefix && text is [(byte)' ', ..])
            text = text[1..];
        return Encoding.UTF8.GetString(text);
    }

    private string Normalize(string text, bool startsText)
    {
        if (_vocabulary.RemoveExtraWhitespaces)
        {
            text = Collapse(text);
            if (startsText)
                text = text.Trim(' ');
        }
        if (startsText && _vocabulary.AddDummyPrefix && text.Length > 0)
            text = ' ' + text;
        return _vocabulary.EscapeWhitespaces ? text.Replace(' ', '\u2581') : text;
    }

    private static string Collapse(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (char character in text)
        {
            if (character != ' ' || result.Length == 0 || result[^1] != ' ')
                result.Append(character);
        }
        return result.ToString();
    }

    private static SentencePieceTokenizer Build(byte[] content)
    {
        try
        {
            using var stream = new MemoryStream(content, writable: false);
            return SentencePieceTokenizer.Create(stream, false, false);
        }
        // The package throws different exceptions for a damaged or unsupported model; all of them mean that the file is not usable.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw SentencePieceVocabulary.Bad($"the SentencePiece model could not be read: {e.Message.TrimEnd('.')}", e);
        }
    }
}

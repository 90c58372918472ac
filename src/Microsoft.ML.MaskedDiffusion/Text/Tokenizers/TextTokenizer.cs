using System.Collections.ObjectModel;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.MaskedDiffusion.Text;
using Microsoft.ML.MaskedDiffusion.Text.Chat;
using Microsoft.ML.MaskedDiffusion.Text.Tokenizers;
using Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;
using Microsoft.ML.MaskedDiffusion.Text.Tokenizers.SentencePiece;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// Turns text into token ids and back, and keeps the files it was read from, so that a saved model contains its tokenizer. Ids run from 0
/// to <see cref="VocabularySize"/> - 1; the mask token is not one of them but in published models that have it there: its id is
/// <see cref="TransformerConfig.MaskTokenId"/>. Instances are immutable and thread-safe.
/// </summary>
public abstract class TextTokenizer
{
    private readonly Lazy<string> _contentHash;
    private readonly Lazy<ChatTemplate?> _chatTemplate;

    // Where the files were, for messages; null for files that were given as bytes.
    private string? _readFrom;

    private protected TextTokenizer(Tokenizer tokenizer, int vocabularySize, int? beginningOfSequenceId, int? endOfSequenceId,
        IReadOnlyDictionary<string, byte[]> files)
    {
        Tokenizer = tokenizer;
        VocabularySize = vocabularySize;
        BeginningOfSequenceId = beginningOfSequenceId;
        EndOfSequenceId = endOfSequenceId;
        Files = new ReadOnlyDictionary<string, byte[]>(new SortedDictionary<string, byte[]>(files.ToDictionary(), StringComparer.Ordinal));
        _contentHash = new Lazy<string>(HashContent);
        _chatTemplate = new Lazy<ChatTemplate?>(() => Located(() => ChatTemplateReader.Read(this), _readFrom));
    }

    /// <summary>The ML.NET tokenizer that encodes.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>Number of token ids, with special tokens, and without the mask token of this library's own models.</summary>
    public int VocabularySize { get; }

    /// <summary>
    /// Id of the token that starts every text given to a model, or null when the tokenizer has none, as with byte-level tokenizers trained
    /// by this library.
    /// </summary>
    public int? BeginningOfSequenceId { get; }

    /// <summary>Id of the token that ends a document, or null when the tokenizer has none.</summary>
    public int? EndOfSequenceId { get; }

    /// <summary>
    /// The tokenizer's source files by name: <c>tokenizer.model</c>, or <c>tokenizer.json</c>, or <c>vocab.json</c> and
    /// <c>merges.txt</c>, or <c>vocab.txt</c>, with <c>special_tokens_map.json</c>, <c>tokenizer_config.json</c> and
    /// <c>chat_template.jinja</c> (and, for <c>tokenizer.model</c>, <c>added_tokens.json</c>) where these were beside them; or
    /// <c>tokenizer.tiktoken</c> and <c>tiktoken.json</c>.
    /// <see cref="FromFiles"/> makes an equal tokenizer from them. Do not change the arrays.
    /// </summary>
    public IReadOnlyDictionary<string, byte[]> Files { get; }

    /// <summary>
    /// Id of the token that the files name as the mask token, or null where they name none. It need not be that of a network.
    /// </summary>
    internal virtual int? MaskTokenId => null;

    /// <summary>
    /// How the model's publisher writes conversations down: <c>chat_template.jinja</c>, or else <c>chat_template</c> in
    /// <c>tokenizer_config.json</c>, beside <c>tokenizer.model</c>, <c>tokenizer.json</c>, <c>vocab.txt</c> or Qwen's <c>vocab.json</c>.
    /// Null where the files have none. It is made of the template in Jinja when it is first asked for, and gives the same prompts to the
    /// character; one that has no such parts is refused.
    /// </summary>
    /// <exception cref="InvalidDataException">The template is refused; the message says why, with its file and line.</exception>
    public ChatTemplate? ChatTemplate => _chatTemplate.Value;

    /// <summary>Where an end of sequence was looked for, for messages: the end of "the tokenizer has no ...".</summary>
    internal string EndOfSequencePlaces => (Files.ContainsKey(TokenizerFiles.SentencePiece)
        ? $"eos_id in {TokenizerFiles.SentencePiece}"
        : Files.ContainsKey(TokenizerFiles.Tiktoken) ? $"end_of_sequence in {TokenizerFiles.TiktokenSettings}"
        : $"eos_token in {TokenizerFiles.SpecialTokens} / {TokenizerFiles.Config}, nor a token {ByteLevelVocabulary.EndOfText}")
        + (_readFrom is null ? "" : $" of '{_readFrom}'");

    /// <summary>SHA-256 of the files' names and contents, in hexadecimal.</summary>
    internal string ContentHash => _contentHash.Value;

    /// <summary>
    /// Reads a tokenizer. <paramref name="path"/> is a SentencePiece file (<c>*.model</c>), Hugging Face's <c>tokenizer.json</c>, a
    /// <c>.tiktoken</c> file with this library's <c>tiktoken.json</c> beside it, one of <c>vocab.json</c> and <c>merges.txt</c> with the
    /// other beside it (a byte-level BPE vocabulary that splits text as GPT-2's, or as Qwen's where <c>tokenizer_config.json</c> beside it
    /// names a tokenizer of Qwen or Dream, which becomes a <c>tokenizer.json</c>), a WordPiece vocabulary (<c>vocab.txt</c>), or a folder
    /// that holds one of these; of several in one folder the first in this order is taken. A SentencePiece model says itself which tokens
    /// begin and end a sequence. Otherwise these are those of <c>special_tokens_map.json</c> and <c>tokenizer_config.json</c> beside it;
    /// without these files those of the template in <c>tokenizer.json</c>, and else there is only an end, <c>&lt;|endoftext|&gt;</c>, if
    /// that is a token.
    /// </summary>
    /// <exception cref="ArgumentException"><paramref name="path"/> is null or empty.</exception>
    /// <exception cref="FileNotFoundException">There is no such file or folder, or no tokenizer in it.</exception>
    /// <exception cref="InvalidDataException">
    /// A file has not the content that its name says; the message names the file and what was expected.
    /// </exception>
    public static TextTokenizer FromFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Dictionary<string, byte[]> files = TokenizerFiles.Read(path);
        TextTokenizer tokenizer = Located(() => FromFiles(files), path);
        tokenizer._readFrom = path;
        return tokenizer;
    }

    /// <summary>Makes a tokenizer from the contents of its files, named as in <see cref="Files"/>. Other names are ignored.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="files"/> is null.</exception>
    /// <exception cref="InvalidDataException">A file is missing or has not the content that its name says.</exception>
    public static TextTokenizer FromFiles(IReadOnlyDictionary<string, byte[]> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        foreach ((string name, byte[] content) in files)
            TokenizerFiles.CheckLength(name, content.Length);
        if (files.ContainsKey(TokenizerFiles.SentencePiece))
            return SentencePieceTextTokenizer.Read(files);
        if (files.ContainsKey(TokenizerFiles.HuggingFace))
            return HuggingFaceReader.Read(files);
        if (files.ContainsKey(TokenizerFiles.Tiktoken))
            return TiktokenReader.Read(files);
        if (!files.ContainsKey(TokenizerFiles.Vocabulary) && files.ContainsKey(TokenizerFiles.WordPiece))
            return WordPieceReader.Read(files);
        return new ByteLevelTokenizer(ByteLevelVocabulary.Read(files));
    }

    /// <summary>
    /// The ids of a text, without beginning or end of sequence. A lone surrogate is encoded as U+FFFD. Text that spells a special token,
    /// such as <c>&lt;|endoftext|&gt;</c>, is plain text, but for tokenizers of <c>tokenizer.json</c> and <c>vocab.txt</c>, for those that
    /// are taken from a Tiktoken object, and for the user-defined symbols of a SentencePiece model: there it is that token, as in the
    /// library that they come from.
    /// </summary>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is null.</exception>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length == 0 ? [] : EncodeWellFormed(WellFormedText.Of(text), startsText: true);
    }

    /// <summary>
    /// The text of ids; beginning and end of sequence are left out, and so are other special and control tokens of published tokenizers. A
    /// byte-level tokenizer returns what was encoded, character for character; a SentencePiece one up to its own normalization. Ids in an
    /// arbitrary order can give bytes that are not UTF-8: these become U+FFFD, one or several.
    /// </summary>
    /// <exception cref="ArgumentNullException"><paramref name="ids"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in 0 .. <see cref="VocabularySize"/> - 1.</exception>
    public string Decode(IReadOnlyList<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return Decode(ids, startsText: true);
    }

    /// <summary>
    /// Splits a context and its continuation as lm-evaluation-harness and SMDM's evaluate_diff.py do: white space at the end of the context
    /// moves to the continuation, and the continuation's ids are the ids of the whole text without its first n, where n is the number of
    /// ids of the context alone. Where merging across the border leaves the continuation without ids, the two are encoded separately, so
    /// that only an empty continuation has no ids.
    /// </summary>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public ContinuationTokens EncodeContinuation(string context, string continuation)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(continuation);
        string trimmed = PythonWhiteSpace.TrimEnd(context);
        string moved = context[trimmed.Length..] + continuation;
        context = trimmed;
        int[] alone = Encode(context);
        int[] whole = Encode(context + moved);
        int[] rest = whole.Length > alone.Length ? whole[alone.Length..] : EncodeInside(moved);
        return new ContinuationTokens(BeginningOfSequenceId is { } beginning ? [beginning, .. alone] : alone, rest);
    }

    /// <summary>The ids of text that follows other text or a gap, so no marker for the start of a text is put before it.</summary>
    internal int[] EncodeInside(string text) => text.Length == 0 ? [] : EncodeWellFormed(WellFormedText.Of(text), startsText: false);

    /// <summary>The text of ids that follow other ids, so white space at the start is kept.</summary>
    internal string DecodeInside(IReadOnlyList<int> ids) => Decode(ids, startsText: false);

    /// <summary>
    /// The UTF-8 bytes that an id adds to a text, which may be a part of a character; none for ids without text, such as beginning and end
    /// of sequence, unknown and padding tokens.
    /// </summary>
    internal abstract ReadOnlyMemory<byte> BytesOf(int id);

    /// <summary>
    /// The tokenizer for a network to which a token means something else than text: what spells the token is plain text. The tokenizer
    /// itself where no text is encoded as that token.
    /// </summary>
    internal TextTokenizer WithoutSpelling(int id)
    {
        TextTokenizer other = Unspelling(id);
        other._readFrom ??= _readFrom;
        return other;
    }

    /// <summary>The tokens that <see cref="Encode"/> reads out of text that spells them, with no other text mixed in.</summary>
    internal virtual IReadOnlyList<string> SpelledTokens => [];

    /// <summary>
    /// The name of a token that no text is encoded as, such as a SentencePiece model's beginning of sequence; null for other tokens, and
    /// where tokens have no such names.
    /// </summary>
    internal virtual string? UnspelledTextOf(int id) => null;

    /// <summary>What is read; errors about files also say where the files were.</summary>
    internal static T Located<T>(Func<T> read, string? path)
    {
        try
        {
            return read();
        }
        catch (InvalidDataException e) when (path is not null)
        {
            throw new InvalidDataException($"{e.Message} Read from '{path}'.", e.InnerException);
        }
    }

    private protected virtual TextTokenizer Unspelling(int id) => this;

    private protected abstract int[] EncodeWellFormed(string text, bool startsText);

    private protected abstract string Decode(IReadOnlyList<int> ids, bool startsText);

    /// <summary>The ids of tokens with text. Throws when an id is out of range.</summary>
    private protected int[] WithText(IReadOnlyList<int> ids) => [.. ids.Where(HasText)];

    /// <summary>Whether an id is a token with text. Throws when the id is out of range.</summary>
    private protected bool HasText(int id)
    {
        if ((uint)id >= (uint)VocabularySize)
        {
            throw new ArgumentOutOfRangeException("ids", id, id == VocabularySize
                ? $"Token id {id} is the mask token, which has no text. Fill the masked positions before decoding."
                : $"Token id {id} is not in 0 .. {VocabularySize - 1}, the ids of this tokenizer. Was it made by another one?");
        }
        return id != BeginningOfSequenceId && id != EndOfSequenceId;
    }

    private string HashContent()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string name, byte[] content) in Files)
        {
            // Lengths are hashed too, so that two different sets of files cannot give the same sequence of bytes.
            hash.AppendData(Encoding.UTF8.GetBytes($"{name}\n{content.Length}\n"));
            hash.AppendData(content);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

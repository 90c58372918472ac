using Microsoft.ML.MaskedDiffusion.Text.BytePair;
using Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

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

    /// <summary>Number of token ids requested, or of the given tokenizer.</summary>
    internal abstract int VocabularySize { get; }

    /// <summary>The tokenizer if it exists before the corpus is read, else null.</summary>
    internal virtual TextTokenizer? Known => null;

    /// <summary>A text that differs between sources and is known without reading the corpus.</summary>
    internal abstract string Describe();

    /// <summary>The tokenizer. The corpus is read only if the tokenizer has to be trained.</summary>
    internal abstract TextTokenizer Resolve(
        Func<IEnumerable<string>> corpus, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken);

    private sealed class Trained(int vocabularySize) : TokenizerSource
    {
        internal override int VocabularySize => vocabularySize;

        internal override string Describe() => $"byte-pair encoding of {vocabularySize} tokens, learned from the text";

        internal override TextTokenizer Resolve(
            Func<IEnumerable<string>> corpus, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken) =>
            BytePairTrainer.Train(corpus(), vocabularySize, progress, cancellationToken).Tokenizer;
    }

    private sealed class Given(TextTokenizer tokenizer) : TokenizerSource
    {
        internal override int VocabularySize => tokenizer.VocabularySize;

        internal override TextTokenizer? Known => tokenizer;

        internal override string Describe() => $"SHA-256 {tokenizer.ContentHash}";

        internal override TextTokenizer Resolve(
            Func<IEnumerable<string>> corpus, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken) =>
            tokenizer;
    }
}

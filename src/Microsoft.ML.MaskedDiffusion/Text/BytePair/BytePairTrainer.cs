using System.Diagnostics;
using System.Text;
using Microsoft.ML.MaskedDiffusion.Text.Tokenizers;

namespace Microsoft.ML.MaskedDiffusion.Text.BytePair;

/// <summary>
/// Learns a byte-level BPE vocabulary (Sennrich et al. 2016, over bytes as in GPT-2): ids 0 .. 255 are the bytes, then a token for each
/// merge of the most frequent neighbours, last the end of text. The same corpus gives the same tokenizer, whatever the order of its
/// documents.
/// </summary>
internal sealed class BytePairTrainer
{
    /// <summary>256 bytes, one merge, the end of text.</summary>
    public const int MinimumVocabularySize = 258;

    public const int MaximumVocabularySize = 1 << 20;

    private const int ReportEvery = 64;

    private readonly int _vocabularySize;
    private readonly List<string> _tokens = [.. ByteLevelAlphabet.Tokens];
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly List<string> _merges = [];
    private readonly HashSet<(int Left, int Right)> _known = [];
    private readonly PairCounts _pairs = new();

    // The words' symbols lie one word after the other; merging shortens a word in its place.
    private readonly List<int> _starts = [];
    private readonly List<int> _lengths = [];
    private readonly List<long> _counts = [];
    private int[] _symbols = [];

    private BytePairTrainer(int vocabularySize)
    {
        _vocabularySize = vocabularySize;
        for (int id = 0; id < _tokens.Count; id++)
            _ids.Add(_tokens[id], id);
    }

    public static void CheckVocabularySize(int vocabularySize)
    {
        if (vocabularySize is < MinimumVocabularySize or > MaximumVocabularySize)
        {
            throw new ArgumentOutOfRangeException(nameof(vocabularySize), vocabularySize,
                $"vocabularySize must be from {MinimumVocabularySize} (256 bytes, a merge, the end of text) to {MaximumVocabularySize}. "
                + "4096 suits a few megabytes of text.");
        }
    }

    /// <summary>Learns a tokenizer. A corpus with too few repetitions gives one of fewer tokens.</summary>
    /// <exception cref="ArgumentException">The corpus has no text.</exception>
    public static TextTokenizer Train(IEnumerable<string> corpus, int vocabularySize, IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        long start = Stopwatch.GetTimestamp();
        CheckVocabularySize(vocabularySize);
        var words = new WordCounter();
        int targetMerges = vocabularySize - MinimumVocabularySize + 1;
        void Report(int merges) => progress?.Report(new TrainingProgress
        {
            Phase = TrainingPhase.TrainingTokenizer,
            Completed = merges,
            Total = targetMerges,
            Documents = words.Documents,
            Elapsed = Stopwatch.GetElapsedTime(start),
        });
        words.Add(corpus, () => Report(0), cancellationToken);
        var trainer = new BytePairTrainer(vocabularySize);
        trainer.AddWords(words.Words);
        trainer.Learn(() => Report(trainer._merges.Count), cancellationToken);
        return new ByteLevelTokenizer(ByteLevelVocabulary.Create(trainer._tokens, trainer._merges));
    }

    private void AddWords(IEnumerable<KeyValuePair<string, long>> words)
    {
        var symbols = new List<int>();
        byte[] bytes = [];
        foreach ((string word, long count) in words)
        {
            if (Encoding.UTF8.GetMaxByteCount(word.Length) is var room && room > bytes.Length)
                bytes = new byte[room];
            int length = Encoding.UTF8.GetBytes(word, bytes);
            _starts.Add(symbols.Count);
            _lengths.Add(length);
            _counts.Add(count);
            for (int i = 0; i < length; i++)
            {
                symbols.Add(bytes[i]);
                if (i > 0)
                    _pairs.Add(bytes[i - 1], bytes[i], count, _starts.Count - 1);
            }
        }
        _symbols = [.. symbols];
        _pairs.Commit();
    }

    private void Learn(Action report, CancellationToken cancellationToken)
    {
        while (_tokens.Count + 1 < _vocabularySize && _pairs.TryTake(out int left, out int right, out List<int> words))
        {
            cancellationToken.ThrowIfCancellationRequested();
            string joint = _tokens[left] + _tokens[right];
            // Two ways of cutting can lead to the same token. It has one id, and a pair with it may have its merge already.
            if (_ids.TryAdd(joint, _tokens.Count))
                _tokens.Add(joint);
            if (_known.Add((left, right)))
                _merges.Add($"{_tokens[left]} {_tokens[right]}");
            int merged = _ids[joint];
            foreach (int word in words)
                Merge(word, left, right, merged);
            _pairs.Remove(left, right);
            _pairs.Commit();
            if (_merges.Count % ReportEvery == 0)
                report();
        }
        report();
    }

    private void Merge(int word, int left, int right, int merged)
    {
        Span<int> symbols = _symbols.AsSpan(_starts[word], _lengths[word]);
        long count = _counts[word];
        int written = 0;
        for (int read = 0; read < symbols.Length; read++)
        {
            if (symbols[read] != left || read + 1 == symbols.Length || symbols[read + 1] != right)
            {
                symbols[written++] = symbols[read];
                continue;
            }
            _pairs.Subtract(left, right, count);
            if (written > 0)
            {
                _pairs.Subtract(symbols[written - 1], left, count);
                _pairs.Add(symbols[written - 1], merged, count, word);
            }
            if (read + 2 < symbols.Length)
            {
                _pairs.Subtract(right, symbols[read + 2], count);
                _pairs.Add(merged, symbols[read + 2], count, word);
            }
            symbols[written++] = merged;
            read++;
        }
        _lengths[word] = written;
    }
}

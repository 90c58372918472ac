using System.Runtime.InteropServices;
using Microsoft.ML.MaskedDiffusion.Text.Patterns;

namespace Microsoft.ML.MaskedDiffusion.Text.BytePair;

/// <summary>Counts the words of a corpus. Memory grows with the number of different words, not with the length of the text.</summary>
internal sealed class WordCounter
{
    private const int ReportEvery = 1024;

    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long>.AlternateLookup<ReadOnlySpan<char>> _lookup;

    public WordCounter() => _lookup = _counts.GetAlternateLookup<ReadOnlySpan<char>>();

    public long Documents { get; private set; }

    public IReadOnlyDictionary<string, long> Words => _counts;

    public void Add(IEnumerable<string> corpus, Action report, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        bool anyText = false;
        foreach (string document in corpus)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (document is null)
                throw new ArgumentException($"Document {Documents} of the corpus is null. Leave out rows without text.", nameof(corpus));
            foreach ((int offset, int length) in SplitPattern.Gpt2.Matches(document))
                CollectionsMarshal.GetValueRefOrAddDefault(_lookup, document.AsSpan(offset, length), out _)++;
            anyText = anyText || !string.IsNullOrWhiteSpace(document);
            if (++Documents % ReportEvery == 0)
                report();
        }
        if (!anyText)
        {
            throw new ArgumentException(Documents == 0
                ? "The corpus is empty: there is no text to learn a tokenizer from."
                : $"The corpus has {Documents} documents of nothing but white space: there is no text to learn a tokenizer from.",
                nameof(corpus));
        }
    }
}

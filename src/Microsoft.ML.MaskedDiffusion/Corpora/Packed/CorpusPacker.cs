using Microsoft.ML.MaskedDiffusion.Numerics.Devices;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Packed;

/// <summary>
/// Turns documents into token ids, each document followed by the end-of-sequence token. Documents are tokenized on all cores, a few million
/// characters at a time, so the texts are never all in memory. The ids are in the order of the documents. Not thread-safe.
/// </summary>
/// <param name="tokenizer">The tokenizer.</param>
/// <param name="progress">Receives a report every 1,000 documents and at the end, on the calling thread; may be null.</param>
/// <param name="clock">Measures the time that is reported.</param>
internal sealed class CorpusPacker(TextTokenizer tokenizer, IProgress<TrainingProgress>? progress, TimeProvider clock)
{
    private const int ReportInterval = 1000;
    private const int BatchCharacters = 1 << 21, BatchDocuments = 1024;

    private readonly int _endOfSequence = tokenizer.EndOfSequenceId ?? throw new ArgumentException(
        $"The tokenizer has no end-of-sequence token, which training puts between documents. There is no {tokenizer.EndOfSequencePlaces}. "
        + "Name one there, or use a tokenizer that has one.");

    private long? _total;

    /// <summary>The number of documents that the last call packed.</summary>
    public long DocumentCount { get; private set; }

    /// <summary>The number of token ids that the last call made.</summary>
    public long TokenCount { get; private set; }

    /// <summary>Reads all documents.</summary>
    /// <param name="documents">The documents, read once.</param>
    /// <param name="tokens">Takes the token ids.</param>
    /// <param name="cancellationToken">Stops between two documents.</param>
    /// <param name="total">The number of documents, for the progress; null where it is not known.</param>
    public void Pack(IEnumerable<string> documents, ITokenSink tokens, CancellationToken cancellationToken, long? total = null)
    {
        _total = total;
        var packer = new SequencePacker(tokens, _endOfSequence);
        long start = clock.GetTimestamp();
        var batch = new List<string>();
        long characters = 0;
        foreach (string document in documents)
        {
            batch.Add(document);
            characters += document.Length;
            if (characters < BatchCharacters && batch.Count < BatchDocuments)
                continue;
            Add(batch, packer, start, cancellationToken);
            batch.Clear();
            characters = 0;
        }
        Add(batch, packer, start, cancellationToken);
        Report(packer, start);
        cancellationToken.ThrowIfCancellationRequested();
        (DocumentCount, TokenCount) = (packer.DocumentCount, packer.TokenCount);
        Report(packer, start, isPacked: true);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private void Add(List<string> documents, SequencePacker packer, long start, CancellationToken cancellationToken)
    {
        var ids = new int[documents.Count][];
        cancellationToken.ThrowIfCancellationRequested();
        Workers.Run(ids.Length, i => ids[i] = tokenizer.Encode(documents[i]));
        foreach (int[] document in ids)
        {
            packer.Add(document);
            if (packer.DocumentCount % ReportInterval != 0)
                continue;
            Report(packer, start);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private void Report(SequencePacker packer, long start, bool isPacked = false)
    {
        TrainingPhase phase = isPacked ? TrainingPhase.Packing : TrainingPhase.Tokenizing;
        long documents = packer.DocumentCount;
        progress?.Report(TrainingProgress.OfText(
            phase, documents, isPacked ? documents : _total, documents, packer.TokenCount, clock.GetElapsedTime(start)));
    }
}

/// <summary>
/// Joins tokenized documents, each followed by the end-of-sequence token. Blocks are cut from the whole, so documents may cross them, as in
/// SMDM.
/// </summary>
internal sealed class SequencePacker(ITokenSink tokens, int endOfSequenceId)
{
    public long DocumentCount { get; private set; }

    public long TokenCount { get; private set; }

    public void Add(ReadOnlySpan<int> document)
    {
        tokens.Append(document);
        tokens.Append([endOfSequenceId]);
        DocumentCount++;
        TokenCount += document.Length + 1;
    }
}

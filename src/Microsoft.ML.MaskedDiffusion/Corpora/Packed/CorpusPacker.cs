using Microsoft.ML.MaskedDiffusion.Numerics.Devices;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Packed;

/// <summary>
/// Turns documents into token ids, each document followed by the end of sequence. Documents are tokenized on all cores, some millions of
/// characters at a time: the texts themselves are never all in memory, and the ids stand in the order of the documents.
/// </summary>
internal sealed class CorpusPacker(TextTokenizer tokenizer, IProgress<TrainingProgress>? progress, TimeProvider clock)
{
    private const int ReportInterval = 1000;
    private const int BatchCharacters = 1 << 21, BatchDocuments = 1024;

    private readonly int _endOfSequence = tokenizer.EndOfSequenceId ?? throw new ArgumentException(
        "The tokenizer of Tokenizer has no end-of-sequence token, which training puts between documents. Use one that names it (for byte-pair files: a token such as <|endoftext|> or </s>).");

    /// <summary>Documents packed by the last call.</summary>
    public long DocumentCount { get; private set; }

    /// <summary>Token ids made by the last call.</summary>
    public long TokenCount { get; private set; }

    /// <summary>Reads all documents.</summary>
    public void Pack(IEnumerable<string> documents, ITokenSink tokens, CancellationToken cancellationToken)
    {
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
        Report(TrainingPhase.Tokenizing, packer, start);
        cancellationToken.ThrowIfCancellationRequested();
        (DocumentCount, TokenCount) = (packer.DocumentCount, packer.TokenCount);
        Report(TrainingPhase.Packing, packer, start);
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
            Report(TrainingPhase.Tokenizing, packer, start);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private void Report(TrainingPhase phase, SequencePacker packer, long start)
    {
        TimeSpan elapsed = clock.GetElapsedTime(start);
        progress?.Report(new TrainingProgress
        {
            Phase = phase,
            Documents = packer.DocumentCount,
            Tokens = packer.TokenCount,
            Elapsed = elapsed,
            TokensPerSecond = packer.TokenCount / Math.Max(elapsed.TotalSeconds, 1e-9),
        });
    }
}

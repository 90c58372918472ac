using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Training;

/// <summary>Turns documents into packed blocks, one at a time: the texts themselves are never all in memory.</summary>
internal sealed class CorpusPacker(TextTokenizer tokenizer, IProgress<TrainingProgress>? progress, TimeProvider clock)
{
    private const int ReportInterval = 1000;

    /// <summary>Documents packed by the last call.</summary>
    public long DocumentCount { get; private set; }

    /// <summary>Reads all documents, of which there has to be one.</summary>
    public PackedBlocks Pack(IEnumerable<string> documents, int blockLength, CancellationToken cancellationToken)
    {
        int endOfSequence = tokenizer.EndOfSequenceId ?? throw new ArgumentException(
            "The tokenizer of Options.Tokenizer has no end-of-sequence token, which training puts between documents. Use one that names it (for byte-pair files: a token such as <|endoftext|> or </s>).");
        var packer = new SequencePacker(tokenizer.VocabularySize, endOfSequence);
        long start = clock.GetTimestamp();
        foreach (string document in documents)
        {
            cancellationToken.ThrowIfCancellationRequested();
            packer.Add(tokenizer.Encode(document));
            if (packer.DocumentCount % ReportInterval == 0)
                Report(TrainingPhase.Tokenizing, packer, start);
        }
        Report(TrainingPhase.Tokenizing, packer, start);
        cancellationToken.ThrowIfCancellationRequested();
        DocumentCount = packer.DocumentCount;
        Report(TrainingPhase.Packing, packer, start);
        cancellationToken.ThrowIfCancellationRequested();
        return packer.Pack(blockLength);
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

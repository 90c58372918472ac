namespace Microsoft.ML.MaskedDiffusion.Corpora.Packed;

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

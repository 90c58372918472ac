namespace Microsoft.ML.MaskedDiffusion.Training;

/// <summary>Joins tokenized documents, each followed by the end-of-sequence token, and cuts the whole into blocks. Documents may cross blocks, as in SMDM.</summary>
internal sealed class SequencePacker(int vocabularySize, int endOfSequenceId)
{
    private readonly TokenStorage _tokens = new(vocabularySize);
    private readonly int _endOfSequenceId = endOfSequenceId;

    public long DocumentCount { get; private set; }

    public long TokenCount => _tokens.Count;

    public void Add(ReadOnlySpan<int> document)
    {
        _tokens.Append(document);
        _tokens.Append(_endOfSequenceId);
        DocumentCount++;
    }

    /// <summary>The blocks of what was added so far. The packer's storage is shared, not copied: add nothing afterwards.</summary>
    public PackedBlocks Pack(int blockLength) => new(_tokens, blockLength);
}

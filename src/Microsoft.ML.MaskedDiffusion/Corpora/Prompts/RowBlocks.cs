namespace Microsoft.ML.MaskedDiffusion.Corpora.Prompts;

/// <summary>Rows of prompt and answer, each a block of its own, filled up with end-of-sequence tokens. Filled first, then read.</summary>
internal sealed class RowBlocks : ITokenBlocks
{
    private readonly TokenStorage _tokens;
    private readonly List<long> _starts = [0];
    private readonly List<int> _prompts = [];
    private readonly int _endOfSequenceId;
    private readonly RowPadding _padding;
    private readonly int _maxLength;
    private int _longest;

    /// <param name="vocabularySize">Number of token ids.</param>
    /// <param name="endOfSequenceId">The token that rows are filled up with.</param>
    /// <param name="padding">Whether that is learned, and up to where.</param>
    /// <param name="maxLength">Ids of the longest row allowed.</param>
    public RowBlocks(int vocabularySize, int endOfSequenceId, RowPadding padding, int maxLength)
    {
        _tokens = new TokenStorage(vocabularySize);
        _endOfSequenceId = endOfSequenceId;
        _padding = padding;
        _maxLength = maxLength;
    }

    public int Count => _prompts.Count;

    public int Length => _padding == RowPadding.Full ? _maxLength : _longest;

    public long TokenCount => _tokens.Count;

    public bool PadsToLongest => _padding == RowPadding.Longest;

    public void Add(ReadOnlySpan<int> prompt, ReadOnlySpan<int> answer)
    {
        int length = prompt.Length + answer.Length;
        ArgumentOutOfRangeException.ThrowIfLessThan(answer.Length, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, _maxLength);
        _tokens.Append(prompt);
        _tokens.Append(answer);
        _starts.Add(_tokens.Count);
        _prompts.Add(prompt.Length);
        _longest = Math.Max(_longest, length);
    }

    public RowExtent Extent(int index) => new(_prompts[index], _padding == RowPadding.Full ? _maxLength : RowLength(index));

    public void Read(int index, Span<long> destination)
    {
        int length = RowLength(index);
        _tokens.CopyTo(_starts[index], destination[..length]);
        destination[length..Length].Fill(_endOfSequenceId);
    }

    /// <summary>
    /// The expected ids of a row that goes through the network in micro batches of so many rows, its learned padding counted.
    /// </summary>
    public double MeanLength(int microBatchSize)
    {
        if (_padding != RowPadding.Longest)
            return _padding == RowPadding.Full ? _maxLength : (double)TokenCount / Count;
        int[] lengths = [.. Enumerable.Range(0, Count).Select(RowLength).OrderDescending()];
        int drawn = Math.Min(microBatchSize, Count);
        // Of m rows drawn from n without repetition the longest is the i-th longest of all, from 0, with probability C(n - 1 - i, m - 1) /
        // C(n, m).
        double mean = 0, probability = (double)drawn / Count;
        for (int i = 0; i <= Count - drawn; i++)
        {
            mean += probability * lengths[i];
            probability *= (double)(Count - drawn - i) / Math.Max(1, Count - 1 - i);
        }
        return mean;
    }

    private int RowLength(int index) => (int)(_starts[index + 1] - _starts[index]);
}

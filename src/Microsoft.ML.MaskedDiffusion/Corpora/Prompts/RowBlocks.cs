namespace Microsoft.ML.MaskedDiffusion.Corpora.Prompts;

/// <summary>
/// Rows of prompt and answer, each of which is a block of its own and is filled up with end-of-sequence tokens. All rows are added before
/// any is read. Safe for several readers at once.
/// </summary>
internal sealed class RowBlocks : ITokenBlocks
{
    private readonly TokenStorage _tokens;
    private readonly List<long> _starts = [0];
    private readonly List<int> _prompts = [];
    private readonly int _endOfSequenceId;
    private readonly RowPadding _padding;
    private readonly int _maxLength;
    private int _longest;

    /// <param name="vocabularySize">Every id is below this number.</param>
    /// <param name="endOfSequenceId">The token with which rows are filled up.</param>
    /// <param name="padding">Whether these tokens are learned, and up to which length.</param>
    /// <param name="maxLength">The number of ids of the longest row that is allowed.</param>
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

    /// <summary>Adds a row.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The answer is empty, the row is too long, or an id is not in the vocabulary.
    /// </exception>
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
    /// The expected number of ids of a row when rows go through the network in micro batches of <paramref name="microBatchSize"/> rows. The
    /// padding that is learned counts.
    /// </summary>
    public double MeanLength(int microBatchSize)
    {
        if (_padding != RowPadding.Longest)
            return _padding == RowPadding.Full ? _maxLength : (double)TokenCount / Count;
        int[] lengths = [.. Enumerable.Range(0, Count).Select(RowLength).OrderDescending()];
        int drawn = Math.Min(microBatchSize, Count);
        // The longest of m rows that are drawn from n without repetition is the i-th longest of all n rows, counted from 0, with the
        // probability C(n - 1 - i, m - 1) / C(n, m).
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

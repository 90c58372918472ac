using Microsoft.ML.MaskedDiffusion.Corpora;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Training;

/// <summary>
/// One micro batch in managed memory: token ids [count, length], which of them are prompt and answer, and the random stream of each row. A
/// row's stream is its number in the run (or in the validation), never its place in the batch, so results do not depend on how rows are put
/// together. Reused from batch to batch.
/// </summary>
internal sealed class TokenBatch(int capacity, int blockLength, int groupSize, ulong seed, RandomPurpose purpose)
{
    private readonly long[] _tokens = new long[capacity * blockLength];
    private readonly long[] _block = new long[blockLength];
    private readonly ulong[] _streams = new ulong[capacity];
    private readonly RowExtent[] _extents = new RowExtent[capacity];

    public int Capacity { get; } = capacity;

    /// <summary>Ids in each row: a block's, or fewer after <see cref="Clear"/> with a length.</summary>
    public int Length { get; private set; } = blockLength;

    /// <summary>
    /// The number of rows whose noise levels may be stratified together: the rows of an optimizer step, or the draws of one validation
    /// block. Their streams are consecutive.
    /// </summary>
    public int GroupSize { get; } = groupSize;

    /// <summary>Rows filled.</summary>
    public int Count { get; private set; }

    /// <summary>The row's ids, without those behind its end.</summary>
    public ReadOnlySpan<long> Row(int row) => _tokens.AsSpan(row * Length, _extents[row].Length);

    /// <summary>Ids at the row's start that are given, not learned.</summary>
    public int PromptLength(int row) => _extents[row].Prompt;

    /// <summary>Ids the row is learned from: those of prompt and answer.</summary>
    public int RowLength(int row) => _extents[row].Length;

    /// <summary>The row's ids that are learned, where the first <paramref name="sourceOnlyIds"/> of a row cannot be.</summary>
    public int TargetCount(int row, int sourceOnlyIds = 0) =>
        Math.Max(0, _extents[row].Length - Math.Max(_extents[row].Prompt, sourceOnlyIds));

    /// <summary>The sum of <see cref="TargetCount(int, int)"/> over all rows.</summary>
    public int TargetCount()
    {
        int count = 0;
        for (int row = 0; row < Count; row++)
            count += TargetCount(row);
        return count;
    }

    /// <summary>A fresh random stream of the row: the same draws whenever it is asked for.</summary>
    public CounterRandom RandomOf(int row) => new(seed, _streams[row], purpose);

    /// <summary>The same for another purpose than the batch's.</summary>
    public CounterRandom RandomOf(int row, RandomPurpose rowPurpose) => new(seed, _streams[row], rowPurpose);

    /// <summary>
    /// A fresh random stream of the whole batch, for another purpose than its rows'. It belongs to the first row's place in the run.
    /// </summary>
    public CounterRandom RandomOfBatch(RandomPurpose batchPurpose) => new(seed, _streams[0], batchPurpose);

    /// <summary>A fresh random stream of the row's group, and the row's place in the group.</summary>
    public (CounterRandom Random, int Place) GroupOf(int row)
    {
        ulong group = _streams[row] / (ulong)GroupSize;
        return (new CounterRandom(seed ^ (ulong)purpose << 56, group, RandomPurpose.NoiseLevel), (int)(_streams[row] % (ulong)GroupSize));
    }

    /// <summary>
    /// Empties the batch; the blocks added next are cut to their first <paramref name="length"/> ids, null for all. Where the blocks pad to
    /// the longest, that is its length, and every row reaches so far.
    /// </summary>
    public void Clear(int? length = null)
    {
        Count = 0;
        Length = length ?? _block.Length;
    }

    public void Add(ITokenBlocks blocks, int block, ulong stream)
    {
        blocks.Read(block, _block);
        _block.AsSpan(0, Length).CopyTo(_tokens.AsSpan(Count * Length));
        RowExtent extent = blocks.Extent(block);
        _extents[Count] = extent with { Length = blocks.PadsToLongest ? Length : Math.Min(extent.Length, Length) };
        _streams[Count++] = stream;
    }
}

using Microsoft.ML.MaskedDiffusion.Numerics;

namespace Microsoft.ML.MaskedDiffusion.Training;

/// <summary>
/// The length each micro batch is cut to: with probability <paramref name="ratio"/> uniform on 1..<paramref name="length"/>, else the whole length (SMDM's
/// stochastic sequence lengths). Keyed by (seed, micro batch) alone, so that nothing has to be stored to go on. Not thread-safe.
/// </summary>
internal class SequenceLengths(double ratio, int length, ulong seed)
{
    private long _counted, _total;

    /// <summary>The length of a micro batch, counted from the start of training.</summary>
    public int this[long microBatch] => ratio == 0 ? length : Draw(microBatch);

    /// <summary>The sum of the lengths of the first so many micro batches.</summary>
    public long Total(long microBatches)
    {
        if (ratio == 0)
            return microBatches * length;
        if (microBatches < _counted)
            _counted = _total = 0;
        for (; _counted < microBatches; _counted++)
            _total += Draw(_counted);
        return _total;
    }

    protected virtual int Draw(long microBatch)
    {
        var random = new CounterRandom(seed, (ulong)microBatch, RandomPurpose.SequenceLength);
        return random.NextDouble() < ratio ? 1 + random.NextInt32(length) : length;
    }
}

using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Training;

/// <summary>
/// The length each micro batch is cut to: with probability <paramref name="ratio"/> uniform on 1..<paramref name="length"/>, else the whole
/// length (SMDM's stochastic sequence lengths). Keyed by (seed, micro batch) alone, so that nothing has to be stored to go on.
/// </summary>
internal class SequenceLengths(double ratio, int length, ulong seed)
{
    /// <summary>The length of a micro batch, counted from the start of training.</summary>
    public int this[long microBatch] => ratio == 0 ? length : Draw(microBatch);

    protected virtual int Draw(long microBatch)
    {
        var random = new CounterRandom(seed, (ulong)microBatch, RandomPurpose.SequenceLength);
        return random.NextDouble() < ratio ? 1 + random.NextInt32(length) : length;
    }
}

using Microsoft.ML.MaskedDiffusion.Numerics;

namespace Microsoft.ML.MaskedDiffusion.Training;

/// <summary>
/// An endless order of blocks: every epoch is a permutation of its own, keyed by (seed, epoch) alone. So the position in it is one number, and a
/// run can start anywhere. Not thread-safe.
/// </summary>
internal sealed class BlockOrder(int blockCount, ulong seed)
{
    private readonly int[] _permutation = new int[blockCount];
    private long _epoch = -1;

    /// <summary>The block of the given sequence, counted from the start of training.</summary>
    public int this[long sequence]
    {
        get
        {
            long epoch = sequence / blockCount;
            if (epoch != _epoch)
                Shuffle(epoch);
            return _permutation[(int)(sequence % blockCount)];
        }
    }

    private void Shuffle(long epoch)
    {
        for (int i = 0; i < blockCount; i++)
            _permutation[i] = i;
        var random = new CounterRandom(seed, (ulong)epoch, RandomPurpose.Shuffle);
        random.Shuffle<int>(_permutation);
        _epoch = epoch;
    }
}

using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Corpora;

/// <summary>
/// Every epoch is a permutation of its own, keyed by (seed, epoch) alone. Takes 4 bytes a block. Not thread-safe.
/// </summary>
internal sealed class BlockOrder(int blockCount, ulong seed) : IBlockOrder
{
    private readonly int[] _permutation = new int[blockCount];
    private long _epoch = -1;

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

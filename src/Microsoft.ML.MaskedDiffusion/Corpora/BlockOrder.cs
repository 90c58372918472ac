using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Corpora;

/// <summary>An endless order of blocks. A run can start anywhere in it, because a position is one number.</summary>
internal interface IBlockOrder
{
    /// <summary>The index of the block that training takes at a position, counted from 0 at the start of training.</summary>
    int this[long position] { get; }
}

/// <summary>
/// Shuffles the blocks anew in every epoch, by a permutation that depends on the seed and the epoch only. Memory: 4 bytes a block. Not
/// thread-safe.
/// </summary>
/// <param name="blockCount">The number of blocks.</param>
/// <param name="seed">The seed.</param>
internal sealed class BlockOrder(int blockCount, ulong seed) : IBlockOrder
{
    private readonly int[] _permutation = new int[blockCount];
    private long _epoch = -1;

    public int this[long position]
    {
        get
        {
            long epoch = position / blockCount;
            if (epoch != _epoch)
                Shuffle(epoch);
            return _permutation[(int)(position % blockCount)];
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

namespace Microsoft.ML.MaskedDiffusion.Numerics.Random;

/// <summary>
/// Python's `random.Random(seed)`: the Mersenne Twister MT19937 seeded by array, as far as `shuffle` and weighted `choices` need it.
/// Corpora packed for the Python system are read in the order this gives. Not thread-safe.
/// </summary>
internal sealed class PythonRandom
{
    private const int Size = 624, Shift = 397;

    private readonly uint[] _state = new uint[Size];
    private int _next = Size;

    public PythonRandom(uint seed)
    {
        _state[0] = 19650218;
        for (uint k = 1; k < Size; k++)
            _state[k] = unchecked(1812433253u * Spread(_state[k - 1]) + k);
        // Seeding by an array of the one word `seed`.
        int i = 1;
        for (int k = 0; k < Size; k++)
        {
            _state[i] = unchecked((_state[i] ^ (Spread(_state[i - 1]) * 1664525u)) + seed);
            Advance(ref i);
        }
        for (int k = 0; k < Size - 1; k++)
        {
            _state[i] = unchecked((_state[i] ^ (Spread(_state[i - 1]) * 1566083941u)) - (uint)i);
            Advance(ref i);
        }
        _state[0] = 0x80000000;
    }

    /// <summary>Shuffles in place, as `random.shuffle`.</summary>
    public void Shuffle<T>(Span<T> values)
    {
        for (int i = values.Length - 1; i > 0; i--)
        {
            int j = NextBelow(i + 1);
            (values[i], values[j]) = (values[j], values[i]);
        }
    }

    /// <summary>One index drawn with the given weights, as `random.choices(range(n), weights)`.</summary>
    public int Choice(ReadOnlySpan<double> weights)
    {
        double total = 0;
        foreach (double weight in weights)
            total += weight;
        double target = NextDouble() * total, cumulated = 0;
        for (int i = 0; i < weights.Length - 1; i++)
        {
            cumulated += weights[i];
            if (target < cumulated)
                return i;
        }
        return weights.Length - 1;
    }

    /// <summary>Uniform on [0, 1) with 53 bits, as `random.random`.</summary>
    public double NextDouble()
    {
        uint high = NextUInt32() >> 5, low = NextUInt32() >> 6;
        return (high * 67108864.0 + low) / 9007199254740992.0;
    }

    private int NextBelow(int count)
    {
        int bits = 32 - System.Numerics.BitOperations.LeadingZeroCount((uint)count);
        int value;
        do
            value = (int)(NextUInt32() >> (32 - bits));
        while (value >= count);
        return value;
    }

    private uint NextUInt32()
    {
        if (_next == Size)
            Regenerate();
        uint value = _state[_next++];
        value ^= value >> 11;
        value ^= (value << 7) & 0x9d2c5680;
        value ^= (value << 15) & 0xefc60000;
        return value ^ (value >> 18);
    }

    private void Regenerate()
    {
        for (int i = 0; i < Size; i++)
        {
            uint mixed = (_state[i] & 0x80000000) | (_state[(i + 1) % Size] & 0x7fffffff);
            _state[i] = _state[(i + Shift) % Size] ^ (mixed >> 1) ^ ((mixed & 1) == 0 ? 0 : 0x9908b0df);
        }
        _next = 0;
    }

    private void Advance(ref int i)
    {
        if (++i < Size)
            return;
        _state[0] = _state[Size - 1];
        i = 1;
    }

    private static uint Spread(uint value) => value ^ (value >> 30);
}

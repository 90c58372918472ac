namespace Microsoft.ML.MaskedDiffusion.Numerics.Random;

/// <summary>
/// NumPy's `default_rng(seed)`: PCG64 (XSL-RR, 128 bits of state) seeded through SeedSequence, as far as `permutation(n)` needs it. Corpora
/// packed for the Python system are read in the order this gives. Not thread-safe.
/// </summary>
internal sealed class NumPyGenerator
{
    private static readonly UInt128 Multiplier = new(0x2360ED051FC65DA4, 0x4385DF649FCCF645);

    private readonly UInt128 _increment;
    private UInt128 _state;
    private uint? _spare;

    public NumPyGenerator(ulong seed)
    {
        Span<ulong> words = stackalloc ulong[4];
        GenerateState(seed, words);
        _increment = (new UInt128(words[2], words[3]) << 1) | 1;
        Step();
        _state += new UInt128(words[0], words[1]);
        Step();
    }

    /// <summary>A permutation of 0..count-1, as `Generator.permutation(count)`.</summary>
    public int[] Permutation(int count)
    {
        int[] values = [.. Enumerable.Range(0, count)];
        for (int i = count - 1; i > 0; i--)
        {
            int j = (int)NextBounded((uint)i);
            (values[i], values[j]) = (values[j], values[i]);
        }
        return values;
    }

    /// <summary>Uniform on 0..maximum by masking and rejection, as NumPy draws inside a shuffle.</summary>
    private uint NextBounded(uint maximum)
    {
        uint mask = uint.MaxValue >> System.Numerics.BitOperations.LeadingZeroCount(maximum);
        uint value;
        do
            value = NextUInt32() & mask;
        while (value > maximum);
        return value;
    }

    /// <summary>Low half of a 64-bit draw first, then its high half.</summary>
    private uint NextUInt32()
    {
        if (_spare is { } high)
        {
            _spare = null;
            return high;
        }
        Step();
        ulong folded = (ulong)(_state >> 64) ^ (ulong)_state;
        ulong value = ulong.RotateRight(folded, (int)(_state >> 122));
        _spare = (uint)(value >> 32);
        return (uint)value;
    }

    private void Step() => _state = unchecked(_state * Multiplier + _increment);

    /// <summary>NumPy's SeedSequence with a pool of four words, for an entropy of at most 64 bits.</summary>
    private static void GenerateState(ulong seed, Span<ulong> words)
    {
        Span<uint> pool = stackalloc uint[4];
        uint hash = 0x43b0d7e5;
        for (int i = 0; i < 4; i++)
            pool[i] = HashMix(i switch { 0 => (uint)seed, 1 => (uint)(seed >> 32), _ => 0 }, ref hash, 0x931e8875);
        for (int source = 0; source < 4; source++)
        {
            for (int target = 0; target < 4; target++)
            {
                if (source == target)
                    continue;
                uint mixed = unchecked(0xca01f9ddu * pool[target] - 0x4973f715u * HashMix(pool[source], ref hash, 0x931e8875));
                pool[target] = mixed ^ (mixed >> 16);
            }
        }
        hash = 0x8b51f9dd;
        for (int i = 0; i < words.Length; i++)
        {
            uint low = HashMix(pool[2 * i % 4], ref hash, 0x58f38ded);
            words[i] = low | (ulong)HashMix(pool[(2 * i + 1) % 4], ref hash, 0x58f38ded) << 32;
        }
    }

    private static uint HashMix(uint value, ref uint hash, uint multiplier)
    {
        value ^= hash;
        hash = unchecked(hash * multiplier);
        value = unchecked(value * hash);
        return value ^ (value >> 16);
    }
}

namespace Microsoft.ML.MaskedDiffusion.Numerics.Random;

/// <summary>
/// A counter-based random stream: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). The draws are a
/// pure function of (seed, stream, purpose, position), so they are the same on every machine. One instance is for one thread.
/// </summary>
internal sealed class CounterRandom
{
    private readonly ulong _seed;
    private readonly ulong _stream;
    private readonly RandomPurpose _purpose;
    private ulong _block;
    private int _used = 4;
    private PhiloxBlock _values;

    public CounterRandom(ulong seed, ulong stream, RandomPurpose purpose)
    {
        _seed = seed;
        _stream = stream;
        _purpose = purpose;
    }

    /// <summary>The next 32 uniform bits.</summary>
    public uint NextUInt32()
    {
        if (_used == 4)
        {
            _values = BlockAt(_block++);
            _used = 0;
        }
        return _used++ switch { 0 => _values.V0, 1 => _values.V1, 2 => _values.V2, _ => _values.V3 };
    }

    /// <summary>The next 64 uniform bits.</summary>
    public ulong NextUInt64()
    {
        ulong low = NextUInt32();
        return low | ((ulong)NextUInt32() << 32);
    }

    /// <summary>Uniform on [0, 1) with 53 random bits.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform on [0, 1) with 24 random bits.</summary>
    public float NextSingle() => (NextUInt32() >> 8) * (1.0f / (1 << 24));

    /// <summary>Uniform on 0 .. <paramref name="exclusiveMax"/> - 1, without bias (Lemire's multiplication with rejection).</summary>
    public int NextInt32(int exclusiveMax)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(exclusiveMax);
        uint range = (uint)exclusiveMax;
        ulong product = (ulong)NextUInt32() * range;
        if ((uint)product < range)
        {
            uint threshold = (uint)-(int)range % range;
            while ((uint)product < threshold)
                product = (ulong)NextUInt32() * range;
        }
        return (int)(product >> 32);
    }

    /// <summary>Puts the items into a uniformly random order (Fisher-Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (int last = items.Length - 1; last > 0; last--)
        {
            int other = NextInt32(last + 1);
            (items[last], items[other]) = (items[other], items[last]);
        }
    }

    /// <summary>
    /// Fills with independent normal draws of mean 0. Element i depends on (seed, stream, purpose, <paramref name="firstBlock"/> * 4 + i)
    /// only, so that pieces starting at multiples of four can be filled in any order or at once. Does not move this stream's own position.
    /// </summary>
    public void FillNormal(Span<float> destination, double standardDeviation, ulong firstBlock = 0)
    {
        for (int i = 0; i < destination.Length; i += 4)
        {
            PhiloxBlock block = BlockAt(firstBlock + (ulong)(i / 4));
            (double a, double b) = BoxMuller(block.V0, block.V1);
            (double c, double d) = BoxMuller(block.V2, block.V3);
            destination[i] = (float)(a * standardDeviation);
            if (i + 1 < destination.Length)
                destination[i + 1] = (float)(b * standardDeviation);
            if (i + 2 < destination.Length)
                destination[i + 2] = (float)(c * standardDeviation);
            if (i + 3 < destination.Length)
                destination[i + 3] = (float)(d * standardDeviation);
        }
    }

    /// <summary>The ten Philox rounds.</summary>
    internal static PhiloxBlock Philox(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1)
    {
        for (int round = 0; round < 10; round++)
        {
            ulong p0 = 0xD2511F53UL * c0, p1 = 0xCD9E8D57UL * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }
        return new PhiloxBlock(c0, c1, c2, c3);
    }

    // Counter: 56 bits of position, 8 bits of purpose, 64 bits of stream; the key is the seed. No two streams can meet.
    private PhiloxBlock BlockAt(ulong index) =>
        Philox((uint)index, (uint)(index >> 32) & 0xFFFFFF | (uint)_purpose << 24, (uint)_stream, (uint)(_stream >> 32), (uint)_seed,
            (uint)(_seed >> 32));

    private static (double First, double Second) BoxMuller(uint a, uint b)
    {
        double radius = Math.Sqrt(-2 * Math.Log((a + 0.5) * (1.0 / 4294967296.0)));
        (double sin, double cos) = Math.SinCos((b + 0.5) * (2 * Math.PI / 4294967296.0));
        return (radius * cos, radius * sin);
    }
}

/// <summary>The four words that one Philox counter gives.</summary>
internal readonly record struct PhiloxBlock(uint V0, uint V1, uint V2, uint V3);

using Microsoft.ML.MaskedDiffusion.Numerics;

namespace Microsoft.ML.MaskedDiffusion.Training.Packed;

/// <summary>
/// Draws each block from one of several packed data sets, chosen with the given weights by Python's `random.Random(seed)`, as SMDM mixes its corpora.
/// Disposes the data sets. Not thread-safe.
/// </summary>
internal sealed class CombinedDataset(IReadOnlyList<PackedDataset> datasets, IReadOnlyList<double> weights, uint seed = 3407) : IDisposable
{
    private readonly double[] _weights = weights.Count == datasets.Count && weights.All(w => w >= 0) && weights.Sum() > 0
        ? [.. weights]
        : throw new ArgumentException($"Give each of the {datasets.Count} data sets a weight of 0 or more, not all 0; got {string.Join(", ", weights)}.", nameof(weights));
    private readonly long[] _taken = new long[datasets.Count];
    private PythonRandom _random = new(seed);

    /// <summary>Blocks drawn so far; setting it moves there without reading what lies between.</summary>
    public long Position
    {
        get => _taken.Sum();
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _random = new PythonRandom(seed);
            Array.Clear(_taken);
            for (long i = 0; i < value; i++)
                _taken[_random.Choice(_weights)]++;
        }
    }

    /// <summary>Copies the next block's first <c>destination.Length</c> ids.</summary>
    public void ReadNext(Span<long> destination)
    {
        int chosen = _random.Choice(_weights);
        datasets[chosen].Read(_taken[chosen]++, destination);
    }

    public void Dispose()
    {
        foreach (PackedDataset dataset in datasets)
            dataset.Dispose();
    }
}

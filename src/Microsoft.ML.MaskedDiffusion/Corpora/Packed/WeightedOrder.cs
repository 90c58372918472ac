using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Corpora.Packed;

/// <summary>
/// Takes each block from one of several data sets, which Python's `random.Random(seed)` chooses by weight, as SMDM mixes its corpora. A
/// position is reached by drawing all choices before it, which takes a few nanoseconds each and reads no data. Not thread-safe.
/// </summary>
/// <param name="sets">The order within each data set, and the index of its first block among all blocks.</param>
/// <param name="weights">A weight of 0 or more for each data set, not all 0.</param>
/// <param name="seed">The seed of the choices.</param>
internal sealed class WeightedOrder(
    IReadOnlyList<(IBlockOrder Order, int FirstBlock)> sets, IReadOnlyList<double> weights, uint seed) : IBlockOrder
{
    private readonly double[] _weights = weights.Count == sets.Count && weights.All(w => w >= 0 && double.IsFinite(w)) && weights.Sum() > 0
        ? [.. weights]
        : throw new ArgumentException(
            $"Give each of the {sets.Count} data sets a weight of 0 or more, not all 0; got {string.Join(", ", weights)}.",
            nameof(weights));
    private readonly long[] _taken = new long[sets.Count];
    private PythonRandom _random = new(seed);
    private long _next;
    private int _last;

    public int this[long position]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(position);
            if (position < _next - 1)
            {
                _random = new PythonRandom(seed);
                Array.Clear(_taken);
                _next = 0;
            }
            for (; _next <= position; _next++)
                _taken[_last = _random.Choice(_weights)]++;
            (IBlockOrder order, int firstBlock) = sets[_last];
            return firstBlock + order[_taken[_last] - 1];
        }
    }
}

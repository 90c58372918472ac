using Microsoft.ML.MaskedDiffusion.Corpora;

namespace Microsoft.ML.MaskedDiffusion.Tests;

/// <summary>
/// A language whose entropy is known: a block is one of the first <paramref name="symbols"/> tokens, drawn uniformly, all along. A block
/// carries ln(symbols) nats, however long it is.
/// </summary>
internal sealed class LanguageBlocks(int count, int length, int symbols, int seed) : ITokenBlocks
{
    private readonly int[] _symbols = Draw(count, symbols, seed);

    public int Count => count;

    public int Length => length;

    public long TokenCount => (long)count * length;

    public double EntropyPerToken => Math.Log(symbols) / length;

    public void Read(int index, Span<long> destination) => destination[..length].Fill(_symbols[index]);

    private static int[] Draw(int count, int symbols, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(symbols))];
    }
}

using Microsoft.ML.MaskedDiffusion.Corpora;

namespace Microsoft.ML.MaskedDiffusion.Benchmarks;

/// <summary>Blocks of tokens that follow from a formula: any number of them takes no memory.</summary>
/// <param name="count">The number of blocks.</param>
/// <param name="length">Tokens of each.</param>
/// <param name="vocabulary">Tokens that there are.</param>
internal sealed class FormulaBlocks(int count, int length, int vocabulary) : ITokenBlocks
{
    public int Count => count;

    public int Length => length;

    public long TokenCount => (long)Count * length;

    public void Read(int index, Span<long> destination)
    {
        for (int i = 0; i < length; i++)
            destination[i] = (index * 7919L + i * 104729L) % vocabulary;
    }
}

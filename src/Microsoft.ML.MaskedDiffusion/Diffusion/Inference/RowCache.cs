using Microsoft.ML.MaskedDiffusion.Modeling.Sessions;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

/// <summary>The keys and values of one row, and of its unconditional counterpart under guidance, from step to step.</summary>
internal sealed class RowCache : IDisposable
{
    private KeyValueCache? _conditional, _unconditional;

    /// <summary>The part of a row, or of its unconditional counterpart.</summary>
    /// <param name="session">The network.</param>
    /// <param name="tokens">The row's tokens.</param>
    /// <param name="computed">The positions to compute, ascending; null for all.</param>
    /// <param name="asked">The positions whose states are wanted, among those.</param>
    /// <param name="isUnconditional">Whether it is the counterpart.</param>
    /// <param name="blocks">The blocks of the network's attention.</param>
    public SequencePart Part(
        INetworkSession session, int[] tokens, int[]? computed, int[] asked, bool isUnconditional, AttentionBlocks? blocks)
    {
        ref KeyValueCache? cache = ref isUnconditional ? ref _unconditional : ref _conditional;
        // A counterpart that guidance asks for later than for the row itself begins with all of its positions.
        if (cache is null || computed is null)
            computed = [.. Enumerable.Range(0, tokens.Length)];
        cache ??= session.NewCache(tokens.Length);
        return new SequencePart
        {
            Tokens = computed.Select(position => tokens[position]).ToArray(),
            Positions = computed,
            KeyCount = tokens.Length,
            Cache = cache,
            Blocks = blocks,
            Asked = asked.Select(position => Array.BinarySearch(computed, position)).ToArray(),
        };
    }

    public void Dispose()
    {
        _conditional?.Dispose();
        _unconditional?.Dispose();
    }
}

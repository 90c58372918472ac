using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Modeling;

/// <summary>
/// Which positions of a row see which while a training wants it otherwise than the network's configuration says. Immutable.
/// </summary>
internal sealed class AttentionPattern
{
    private readonly int _blockSize;

    private AttentionPattern(AttentionMask? mask, int? textLength = null, int blockSize = 0)
    {
        Mask = mask;
        TextLength = textLength;
        _blockSize = blockSize;
    }

    /// <summary>A position sees what is before it, and itself.</summary>
    public static AttentionPattern Causal { get; } = new(mask: null);

    /// <summary>Which positions see which; null where attention is causal.</summary>
    public AttentionMask? Mask { get; }

    /// <summary>Whether a position sees nothing behind itself.</summary>
    public bool IsCausal => Mask is null;

    /// <summary>
    /// Tokens of the text that a row holds twice, first clean and then noised, each with the positions from 0 on; null where a row holds a
    /// text once.
    /// </summary>
    public int? TextLength { get; }

    /// <summary>What the positions of a block of layers see.</summary>
    /// <param name="config">The network, whose configuration says it where there is no pattern.</param>
    /// <param name="isLocal">Whether the block's attention sees near positions only.</param>
    /// <param name="attention">The pattern; null for none.</param>
    /// <param name="blocks">The blocks of a row's positions; null: those from its first position on, if the configuration has any.</param>
    public static AttentionReach ReachOf(
        TransformerConfig config, bool isLocal, AttentionPattern? attention, AttentionBlocks? blocks = null)
    {
        int? radius = isLocal ? config.LocalAttention!.Radius : null;
        return attention is null
            ? new AttentionReach(config.Autoregressive, radius, blocks ?? AttentionBlocks.Of(config.AttentionBlockSize, 0))
            : new AttentionReach(attention.IsCausal, radius, Mask: attention.Mask);
    }

    /// <summary>Attention on its way from causal to full.</summary>
    public static AttentionPattern Uncovered(UncoveredMask mask) => new(mask);

    /// <summary>Rows of block diffusion's training.</summary>
    /// <param name="textLength">Tokens of the text, half of those of a row.</param>
    /// <param name="blockSize">Tokens of a block.</param>
    public static AttentionPattern Paired(int textLength, int blockSize) =>
        new(new PairedMask(textLength, blockSize), textLength, blockSize);

    /// <summary>
    /// The position of a row whose output predicts a position, where the output before a token predicts it; the first one is predicted by
    /// its own. In a row that holds a text twice the first position of a noised block is predicted by the clean block before it, which is
    /// what stands before it when text is written.
    /// </summary>
    public static int Predictor(AttentionPattern? attention, int position)
    {
        if (position == 0 || position == attention?.TextLength)
            return position;
        return attention?.TextLength is { } text && position > text && (position - text) % attention._blockSize == 0
            ? position - text - 1 : position - 1;
    }
}

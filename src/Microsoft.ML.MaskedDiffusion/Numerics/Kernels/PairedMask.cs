namespace Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

/// <summary>
/// Attention in rows that hold a text twice, first clean and then noised, for the training of block diffusion (Arriola et al., "Block
/// Diffusion", 2025, section 3.2): a position of the clean text sees the clean text up to the end of its block; one of the noised text sees
/// the clean text before its block, and the noised text of its block.
/// </summary>
/// <param name="textLength">Tokens of the text, 1 or more: half of a row.</param>
/// <param name="blockSize">Tokens of a block, 1 or more. The last block may be shorter.</param>
internal sealed class PairedMask(int textLength, int blockSize) : AttentionMask
{
    public override bool Sees(int position, int key)
    {
        if (position < textLength)
            return key < End(position);
        int start = BlockStart(position);
        return key < start - textLength || (key >= start && key < End(position));
    }

    public override int End(int position)
    {
        int half = position < textLength ? textLength : 2 * textLength;
        return Math.Min(half, BlockStart(position) + blockSize);
    }

    public override void Hide(Span<float> scores, int position, int start)
    {
        if (position < textLength)
            return;
        int block = BlockStart(position), first = Math.Max(0, block - textLength - start);
        scores[first..(block - start)].Fill(float.NegativeInfinity);
    }

    // The first position of a position's block, in the same half.
    private int BlockStart(int position)
    {
        int half = position < textLength ? 0 : textLength;
        return half + (position - half) / blockSize * blockSize;
    }
}

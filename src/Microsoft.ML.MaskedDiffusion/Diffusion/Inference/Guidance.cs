namespace Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

/// <summary>
/// The rows that classifier-free guidance asks the network about in addition: those whose prompt is masked (Nie et al., 2024, section 3.2).
/// </summary>
internal static class Guidance
{
    /// <summary>The row with everything masked but the given positions, or null where that changes nothing.</summary>
    public static int[]? UnconditionalBut(int[] tokens, bool[] filled, int maskTokenId)
    {
        int[] row = [.. tokens];
        for (int i = 0; i < row.Length; i++)
        {
            if (!filled[i])
                row[i] = maskTokenId;
        }
        return row.AsSpan().SequenceEqual(tokens) ? null : row;
    }

    /// <summary>The row with its first <paramref name="promptLength"/> tokens masked, or null where that changes nothing.</summary>
    public static int[]? Unconditional(int[] tokens, int promptLength, int maskTokenId)
    {
        int[] row = [.. tokens];
        row.AsSpan(0, promptLength).Fill(maskTokenId);
        return row.AsSpan().SequenceEqual(tokens) ? null : row;
    }
}

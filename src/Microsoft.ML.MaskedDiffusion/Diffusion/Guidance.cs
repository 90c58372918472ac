namespace Microsoft.ML.MaskedDiffusion.Diffusion;

/// <summary>
/// Classifier-free guidance without labels (Nie et al., 2024, section 3.2): logits = u + (1 + w) (c - u) with c the prediction and u the one with the prompt masked.
/// </summary>
internal static class Guidance
{
    /// <summary>The row with its first <paramref name="promptLength"/> tokens masked.</summary>
    public static int[] Unconditional(int[] tokens, int promptLength, int maskTokenId)
    {
        int[] row = [.. tokens];
        row.AsSpan(0, promptLength).Fill(maskTokenId);
        return row;
    }
}

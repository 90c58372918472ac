using static TorchSharp.torch;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

/// <summary>
/// Classifier-free guidance without labels (Nie et al., 2024, section 3.2): logits = u + (1 + w) (c - u) with c the prediction and u the one with the prompt masked.
/// </summary>
internal static class Guidance
{
    /// <summary>Guided logits from logits of equal shape.</summary>
    public static Tensor Combine(Tensor conditional, Tensor unconditional, double scale)
    {
        using var scope = NewDisposeScope();
        return (unconditional + (conditional - unconditional) * (1 + scale)).MoveToOuterDisposeScope();
    }

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

    /// <summary>The row with its first <paramref name="promptLength"/> tokens masked.</summary>
    public static int[] Unconditional(int[] tokens, int promptLength, int maskTokenId)
    {
        int[] row = [.. tokens];
        row.AsSpan(0, promptLength).Fill(maskTokenId);
        return row;
    }
}

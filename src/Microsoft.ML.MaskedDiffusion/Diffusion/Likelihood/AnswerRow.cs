using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>Builds the sequence the network sees for a request and a mask of its answer.</summary>
internal static class AnswerRow
{
    /// <summary>The row, extended with mask tokens to <paramref name="length"/>.</summary>
    public static MaskedRow Create(LikelihoodRequest request, AnswerMask mask, int length, int maskTokenId, bool guided)
    {
        int start = request.Context.Length;
        var tokens = new int[length];
        request.Context.CopyTo(tokens, 0);
        request.Answer.CopyTo(tokens, start);
        tokens.AsSpan(start + request.Answer.Length).Fill(maskTokenId);
        foreach (int position in mask.Hidden)
            tokens[start + position] = maskTokenId;
        int[]? unconditional = guided ? Guidance.Unconditional(tokens, start, maskTokenId) : null;
        int[] positions = new int[mask.Asked.Length], targets = new int[mask.Asked.Length];
        for (int i = 0; i < positions.Length; i++)
            (positions[i], targets[i]) = (start + mask.Asked[i], request.Answer[mask.Asked[i]]);
        return new MaskedRow(tokens, unconditional, positions, targets);
    }
}

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>
/// Cuts a text into requests that fit the model's context, so that each token is scored once: the first window scores all the tokens it
/// holds, each later window its last ones. What stands before the text must be shorter than the model's context. It is the prompt, which
/// guidance masks as far as a window still holds it; the tokens of the text stay visible.
/// </summary>
internal static class TextWindows
{
    /// <summary>The stride where none is given: half the model's context length.</summary>
    public static int DefaultStride(int contextLength) => Math.Max(1, contextLength / 2);

    /// <summary>The windows of a text, in its order; none for a text without tokens.</summary>
    /// <param name="start">Ids before the text.</param>
    /// <param name="text">Ids of the text.</param>
    /// <param name="contextLength">The most ids of a window.</param>
    /// <param name="stride">New ids of each window after the first.</param>
    public static IEnumerable<LikelihoodRequest> Of(int[] start, int[] text, int contextLength, int stride)
    {
        int[] whole = [.. start, .. text];
        int scored = Math.Min(whole.Length, contextLength);
        if (scored > start.Length)
            yield return new LikelihoodRequest(start, whole[start.Length..scored]);
        while (scored < whole.Length)
        {
            int next = Math.Min(scored + stride, whole.Length);
            int first = next - contextLength;
            yield return new LikelihoodRequest(whole[first..scored], whole[scored..next])
            {
                PromptLength = Math.Max(0, start.Length - first),
            };
            scored = next;
        }
    }
}

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>
/// Cuts a text into requests that fit the context, each token scored once: the first window scores all it holds, each later one its last tokens.
/// What stands before the text must be shorter than the context.
/// </summary>
internal static class TextWindows
{
    public static IEnumerable<LikelihoodRequest> Of(int[] start, int[] text, int contextLength, int stride)
    {
        int[] whole = [.. start, .. text];
        int scored = Math.Min(whole.Length, contextLength);
        if (scored > start.Length)
            yield return new LikelihoodRequest(start, whole[start.Length..scored]);
        while (scored < whole.Length)
        {
            int next = Math.Min(scored + stride, whole.Length);
            yield return new LikelihoodRequest(whole[(next - contextLength)..scored], whole[scored..next]);
            scored = next;
        }
    }
}

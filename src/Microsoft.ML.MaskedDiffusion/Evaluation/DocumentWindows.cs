using Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Evaluation;

/// <summary>
/// Cuts a document into requests that fit the model, every token scored once: the first window scores all it holds, each later one a stride of new tokens
/// after those before them.
/// </summary>
internal static class DocumentWindows
{
    public static IEnumerable<LikelihoodRequest> Of(TextTokenizer tokenizer, string text, int contextLength, int stride)
    {
        int[] start = Start(tokenizer), whole = [.. start, .. tokenizer.Encode(text)];
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

    // In packed training data an end of sequence stands before every document of a tokenizer that has no beginning of sequence.
    private static int[] Start(TextTokenizer tokenizer) =>
        (tokenizer.BeginningOfSequenceId ?? tokenizer.EndOfSequenceId) is { } id ? [id] : [];
}

using Microsoft.ML.MaskedDiffusion.Corpora.Documents;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Evaluation.ZeroShot;

/// <summary>Turns a context and its continuations into requests that fit the model.</summary>
internal static class AnswerFitting
{
    /// <summary>
    /// The requests, which share their random numbers, and whether the context had to be cut; no requests where they cannot be scored.
    /// </summary>
    public static (LikelihoodRequest[] Requests, AnswerFlag Flag) Fit(
        IAnswerScorer scorer, string context, IReadOnlyList<string> continuations, LongContext longContext)
    {
        ContinuationTokens[] pairs = [.. continuations.Select(continuation => scorer.Tokenizer.EncodeContinuation(context, continuation))];
        if (pairs.Any(pair => pair.Continuation.Length == 0))
            return ([], AnswerFlag.Empty);
        // All options see the same context, so the longest decides.
        int[] seen = DocumentStart.Before(scorer.Tokenizer, pairs[0]);
        int room = scorer.ContextLength - pairs.Max(pair => pair.Continuation.Length);
        AnswerFlag flag = seen.Length <= room ? AnswerFlag.None : longContext == LongContext.TruncateLeft && room >= 0 ? AnswerFlag.Truncated : AnswerFlag.TooLong;
        if (flag == AnswerFlag.TooLong)
            return ([], flag);
        ulong key = ContentKey.Of(context);
        int[] kept = flag == AnswerFlag.Truncated ? seen[^room..] : seen;
        return ([.. pairs.Select(pair => new LikelihoodRequest(kept, pair.Continuation) { RandomKey = key })], flag);
    }
}

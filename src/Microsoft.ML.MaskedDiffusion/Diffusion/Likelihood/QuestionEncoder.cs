using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Text;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>A question as likelihood requests.</summary>
/// <param name="Flag">Whether the context was cut, or why there are no requests.</param>
/// <param name="Requests">One request for each continuation; empty where the question cannot be scored.</param>
/// <param name="ContextLength">Tokens of the whole context, before any cut.</param>
/// <param name="LongestContinuation">Tokens of the longest continuation.</param>
internal sealed record EncodedQuestion(AnswerFlag Flag, LikelihoodRequest[] Requests, int ContextLength, int LongestContinuation);

/// <summary>
/// The one place where a context and its continuations become likelihood requests that fit a model. Transforms and evaluations both use it,
/// so that they score the same tokens. Safe for several threads.
/// </summary>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="contextLength">The model's context length in tokens.</param>
/// <param name="needsContext">
/// Whether the model predicts a token from those before it, as an autoregressive model does. It needs at least one token before a
/// continuation, and never reads a continuation's last token: context and continuation may have one token more than its context length
/// together, as in lm-evaluation-harness. This holds for questions only: <see cref="LikelihoodScorer"/>, which scores texts in windows,
/// fills the context length of either kind of model and no more.
/// </param>
internal sealed class QuestionEncoder(TextTokenizer tokenizer, int contextLength, bool needsContext)
{
    /// <summary>The most tokens that a continuation may have.</summary>
    public int LongestContinuation => contextLength;

    /// <summary>The most tokens that a context and a continuation may have together.</summary>
    public int Longest => needsContext ? contextLength + 1 : contextLength;

    /// <summary>
    /// The requests of a question. They share one context, so the longest continuation decides how much of it fits, and they share their
    /// random numbers, which makes their differences more precise.
    /// </summary>
    /// <param name="context">The text before the continuations; may be empty.</param>
    /// <param name="continuations">The continuations, each with the separator in front.</param>
    /// <param name="keepEnd">Whether a context that is too long is cut on its left; otherwise such a question gets no requests.</param>
    public EncodedQuestion Encode(string context, IReadOnlyList<string> continuations, bool keepEnd)
    {
        (int[] Context, int[] Continuation)[] pairs = [.. continuations.Select(continuation => Split(tokenizer, context, continuation))];
        if (pairs.Length == 0 || pairs.Any(pair => pair.Continuation.Length == 0))
            return new EncodedQuestion(AnswerFlag.Empty, [], 0, 0);
        int[] whole = pairs[0].Context;
        int longest = pairs.Max(pair => pair.Continuation.Length);
        if (needsContext && whole.Length == 0)
            return new EncodedQuestion(AnswerFlag.NoContext, [], 0, longest);
        int room = Longest - longest;
        bool fits = whole.Length <= room;
        if (!fits && (!keepEnd || longest > LongestContinuation))
            return new EncodedQuestion(AnswerFlag.TooLong, [], whole.Length, longest);
        int[] kept = fits ? whole : whole[^room..];
        ulong key = ContentKey.Of(context);
        return new EncodedQuestion(
            fits ? AnswerFlag.None : AnswerFlag.Truncated,
            [.. pairs.Select(pair => new LikelihoodRequest(kept, pair.Continuation) { RandomKey = key })],
            whole.Length,
            longest);
    }

    /// <summary>A context and one continuation as ids, with what starts a document before the context.</summary>
    public static (int[] Context, int[] Continuation) Split(TextTokenizer tokenizer, string context, string continuation)
    {
        ContinuationTokens tokens = tokenizer.EncodeContinuation(context, continuation);
        return (DocumentStart.Before(tokenizer, tokens), tokens.Continuation);
    }
}

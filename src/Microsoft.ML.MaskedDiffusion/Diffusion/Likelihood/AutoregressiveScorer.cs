using Microsoft.ML.MaskedDiffusion.Modeling;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>
/// The exact log p(answer | context) under an autoregressive network, one row a request: the sum of the log-probabilities of the answer's tokens, each after
/// those before it. A request's result does not depend on the others. Safe for several threads.
/// </summary>
internal sealed class AutoregressiveScorer(TransformerNetwork network, int batchTokens)
{
    private readonly RowScheduler _scheduler = new(NetworkEvaluator.OfAutoregressive(network), guidanceScale: 0, batchTokens);

    /// <summary>One estimate a request, in their order, with a standard error of 0.</summary>
    /// <exception cref="ArgumentException">A request is too long, has no context, or an id outside the vocabulary.</exception>
    public LikelihoodEstimate[] Score(IReadOnlyList<LikelihoodRequest> requests, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        MaskedRow[] rows = [.. requests.Select(Row)];
        _scheduler.Score(rows, cancellation);
        return [.. rows.Select(row => new LikelihoodEstimate(-row.NegativeLogLikelihood, 0, row.Targets.Length, 1))];
    }

    private MaskedRow Row(LikelihoodRequest request)
    {
        int context = request.Context.Length, answer = request.Answer.Length, limit = network.Config.ContextLength, vocabulary = network.Config.VocabularySize;
        if (context == 0)
            throw new ArgumentException("An autoregressive model scores what follows a context, and the context is empty; begin it with the tokenizer's beginning or end of sequence.");
        // The last token is predicted, never read.
        if (context + answer - 1 > limit)
            throw new ArgumentException($"A context of {context} tokens and an answer of {answer} need {context + answer - 1} positions; the model has {limit}. Score the text in windows.");
        int[] whole = [.. request.Context, .. request.Answer];
        foreach (int id in whole)
        {
            if (id < 0 || id >= vocabulary)
                throw new ArgumentException($"Token id {id} is outside 0 to {vocabulary - 1}; it was made by another tokenizer than the model's.");
        }
        return new MaskedRow(whole[..^1], null, [.. Enumerable.Range(context - 1, answer)], request.Answer);
    }
}

using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Modeling;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>Estimates log p(answer | context) under a model of either kind. Safe for several threads.</summary>
internal abstract class RequestScorer
{
    /// <summary>
    /// The scorer of a network: sampled or enumerated masks for a masked diffusion model, block by block where its attention goes by
    /// blocks, and the exact figure for an autoregressive one.
    /// </summary>
    /// <exception cref="ArgumentException">An option is out of range, or does not apply to an autoregressive model.</exception>
    public static RequestScorer For(TransformerNetwork network, LikelihoodOptions options)
    {
        if (network.Config.Autoregressive)
            return new AutoregressiveScorer(network, options);
        var evaluator = new NetworkEvaluator(network);
        return network.Config.AttentionBlockSize is null
            ? new MaskedDiffusionScorer(evaluator, options) : new BlockwiseScorer(evaluator, options);
    }

    /// <summary>Rows that went through the network so far, after removing duplicates among all requests.</summary>
    public abstract long NetworkRows { get; }

    /// <summary>One estimate for each request, in their order.</summary>
    /// <exception cref="ArgumentException">A request does not fit the model: too long, an id outside the vocabulary.</exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity.</exception>
    public LikelihoodEstimate[] Score(IReadOnlyList<LikelihoodRequest> requests, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        LikelihoodEstimate[][] single = ScoreQuestions([.. requests.Select(request => new[] { request })], cancellation);
        return [.. single.Select(estimates => estimates[0])];
    }

    /// <summary>One estimate for each option, in the order of the questions and their options.</summary>
    /// <exception cref="ArgumentException">A request does not fit the model: too long, an id outside the vocabulary.</exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity.</exception>
    public abstract LikelihoodEstimate[][] ScoreQuestions(
        IReadOnlyList<IReadOnlyList<LikelihoodRequest>> questions, CancellationToken cancellation = default);

    /// <summary>
    /// Bounds on the log-probability of each answer where its tokens are revealed in a random order, in the order of the requests. Exact
    /// for an autoregressive model, which has one order.
    /// </summary>
    /// <param name="requests">The answers and their contexts.</param>
    /// <param name="orders">Orders drawn for each request, an even number.</param>
    /// <param name="cancellation">Stops between network batches.</param>
    /// <exception cref="ArgumentException">A request does not fit the model.</exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity.</exception>
    public abstract MixtureBounds[] Bound(
        IReadOnlyList<LikelihoodRequest> requests, int orders, CancellationToken cancellation = default);

    /// <summary>For each request whether the model itself, decoding greedily, writes exactly its answer.</summary>
    /// <exception cref="ArgumentException">A request does not fit the model.</exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity.</exception>
    public abstract bool[] MatchGreedily(IReadOnlyList<LikelihoodRequest> requests, CancellationToken cancellation = default);

    /// <summary>Refuses NaN and infinity, which only damaged weights give.</summary>
    public static void RequireFinite(double logLikelihood, int answer, int context)
    {
        if (!double.IsFinite(logLikelihood))
        {
            throw new NotFiniteNumberException(
                $"The network's log-likelihood of an answer of {answer} tokens after {context} is {logLikelihood}: "
                + "its weights are damaged or overflow; load an intact copy of the model, or train it anew with a lower learning rate.",
                logLikelihood);
        }
    }
}

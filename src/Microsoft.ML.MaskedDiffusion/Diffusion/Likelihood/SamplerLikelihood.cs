using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>
/// The likelihoods of many requests under a sampler: its own code runs on each answer, which it is made to write, and the log-probabilities
/// of the tokens add up. A request's result does not depend on the others. Safe for several threads.
/// </summary>
internal sealed class SamplerLikelihood
{
    // Rows that are open at once have at most this many tokens, so that memory stays bounded whatever the number of requests.
    private const long WindowTokens = 1 << 20;

    private readonly IRowEvaluator _evaluator;
    private readonly SamplingOptions _options;
    private readonly Decoder _decoder;
    private readonly LikelihoodOptions _likelihood;

    /// <param name="evaluator">The network.</param>
    /// <param name="method">The sampler's rules.</param>
    /// <param name="options">Guidance, padding and batch size; checked.</param>
    public SamplerLikelihood(IRowEvaluator evaluator, SamplerMethod method, LikelihoodOptions options)
    {
        _evaluator = evaluator;
        _likelihood = options;
        var sampling = new SamplingOptions
        {
            Order = new TokenBlindOrder(method.Order),
            TokensPerStep = new TokenBlindRule(method.TokensPerStep),
            Steps = method.Steps,
            BlockLength = method.BlockLength,
            Temperature = 1,
            GuidanceScale = options.GuidanceScale,
            BatchTokens = options.BatchTokens,
        };
        _options = sampling.For(evaluator.AttentionBlockSize, isCached: false);
        _decoder = new Decoder(evaluator, _options);
    }

    /// <summary>Rows that went through the network so far.</summary>
    public long NetworkRows => _decoder.NetworkRows;

    /// <summary>One estimate for each request, in their order.</summary>
    /// <exception cref="ArgumentException">A request does not fit the model.</exception>
    /// <exception cref="NotFiniteNumberException">The network gave NaN or infinity.</exception>
    public LikelihoodEstimate[] Score(IReadOnlyList<LikelihoodRequest> requests, CancellationToken cancellation)
    {
        foreach (LikelihoodRequest request in requests)
        {
            ArgumentNullException.ThrowIfNull(request);
            MaskedDiffusionScorer.CheckFits(request, _evaluator);
        }
        // Requests of one length and one context stand next to each other, because these are the ones that can share rows.
        int[] ordered = [.. Enumerable.Range(0, requests.Count)
            .OrderBy(i => LengthOf(requests[i]))
            .ThenBy(i => ContentKey.Of(requests[i].Context))];
        var estimates = new LikelihoodEstimate[requests.Count];
        for (int first = 0, last; first < ordered.Length; first = last)
        {
            last = first;
            for (long tokens = 0; last < ordered.Length && tokens < WindowTokens; last++)
                tokens += LengthOf(requests[ordered[last]]);
            SamplingRow[] rows = [.. ordered[first..last].Select(i => Open(requests[i]))];
            _decoder.Run(rows, progress: null, cancellation);
            for (int i = first; i < last; i++)
                estimates[ordered[i]] = Estimate(requests[ordered[i]], rows[i - first]);
        }
        return estimates;
    }

    private static LikelihoodEstimate Estimate(LikelihoodRequest request, SamplingRow row)
    {
        double logLikelihood = row.History.LogProbability;
        RequestScorer.RequireFinite(logLikelihood, request.Answer.Length, request.Context.Length);
        return new LikelihoodEstimate(logLikelihood, 0, request.Answer.Length, row.NetworkRows);
    }

    private int LengthOf(LikelihoodRequest request) => RequestState.LengthOf(request, _evaluator, _likelihood);

    private SamplingRow Open(LikelihoodRequest request)
    {
        int start = request.Context.Length, answer = request.Answer.Length;
        int[] tokens = new int[LengthOf(request)], teacher = new int[tokens.Length];
        request.Context.CopyTo(tokens, 0);
        tokens.AsSpan(start).Fill(_evaluator.MaskTokenId);
        request.Answer.CopyTo(teacher, start);
        var row = new SamplingRequest(tokens, [.. Enumerable.Range(start, answer)])
        {
            Key = 0,
            Teacher = teacher,
            PromptLength = request.PromptLength,
            BlockStart = request.BlockStart,
            AttentionBlockSize = _evaluator.AttentionBlockSize,
        };
        return new SamplingRow(row, _options, _evaluator.MaskTokenId, NoDraws.Instance);
    }
}

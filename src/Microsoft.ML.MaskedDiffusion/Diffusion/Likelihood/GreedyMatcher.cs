using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>
/// Tells whether an answer is what the model itself writes after the context, when it fills as many masks as the answer has tokens, one in
/// each step, the most confident first. This is the accuracy that SMDM reports for LAMBADA. A row stops at its first wrong token.
/// </summary>
internal sealed class GreedyMatcher
{
    private readonly IRowEvaluator _evaluator;
    private readonly SamplingOptions _options;
    private readonly Decoder _decoder;
    private readonly bool _pad;

    /// <summary>Takes guidance, padding and batch size from the options of likelihoods.</summary>
    public GreedyMatcher(IRowEvaluator evaluator, LikelihoodOptions options)
    {
        ArgumentNullException.ThrowIfNull(evaluator);
        ArgumentNullException.ThrowIfNull(options);
        LikelihoodOptions own = options.Clone();
        _evaluator = evaluator;
        _pad = own.PadToContext;
        var sampling = new SamplingOptions { GuidanceScale = own.GuidanceScale, BatchTokens = own.BatchTokens };
        _options = sampling.For(evaluator.AttentionBlockSize, isCached: false);
        _decoder = new Decoder(evaluator, _options);
    }

    /// <summary>Rows that went through the network so far.</summary>
    public long NetworkRows => _decoder.NetworkRows;

    /// <summary>For each request, in their order, whether its answer is what the model writes.</summary>
    /// <exception cref="ArgumentException">A request does not fit the model.</exception>
    public bool[] Match(IReadOnlyList<LikelihoodRequest> requests, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        SamplingRow[] rows = [.. requests.Select(Open)];
        _decoder.Run(rows, progress: null, cancellation);
        return [.. rows.Select(row => !row.Missed)];
    }

    private SamplingRow Open(LikelihoodRequest request)
    {
        MaskedDiffusionScorer.CheckFits(request, _evaluator);
        int start = request.Context.Length;
        int[] expected = [.. request.Context, .. request.Answer];
        int[] tokens = new int[_pad ? _evaluator.ContextLength : expected.Length];
        request.Context.CopyTo(tokens, 0);
        tokens.AsSpan(start).Fill(_evaluator.MaskTokenId);
        var positions = new SamplingRequest(tokens, [.. Enumerable.Range(start, request.Answer.Length)])
        {
            Key = ContentKey.Of(tokens),
            Expected = expected,
            PromptLength = request.PromptLength,
            BlockStart = request.BlockStart,
            AttentionBlockSize = _evaluator.AttentionBlockSize,
        };
        return new SamplingRow(positions, _options, _evaluator.MaskTokenId);
    }
}

using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>
/// Scores under a network whose attention goes by blocks: log p(answer | context) is the sum over the answer's blocks of log p(block | what
/// is before it) (Arriola et al., "Block Diffusion", 2025, eq. 3). Blocks are counted from the answer's first token. Safe for several
/// threads.
/// </summary>
internal sealed class BlockwiseScorer : RequestScorer
{
    private readonly MaskedDiffusionScorer _scorer;
    private readonly IRowEvaluator _evaluator;
    private readonly int _size;
    private readonly bool _runsSampler;

    /// <param name="evaluator">The network, whose attention goes by blocks.</param>
    /// <param name="options">How the likelihood of each block is estimated.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or is not for such networks.</exception>
    public BlockwiseScorer(IRowEvaluator evaluator, LikelihoodOptions options)
    {
        _scorer = new MaskedDiffusionScorer(evaluator, options);
        _evaluator = evaluator;
        _size = evaluator.AttentionBlockSize!.Value;
        _runsSampler = options.Method is SamplerMethod;
        const string Allowed = "null with a network whose attention goes by blocks; set Samples, which are those of each block";
        OptionCheck.Require(
            options.TargetStandardError is null, nameof(options.TargetStandardError), options.TargetStandardError, Allowed);
        OptionCheck.Require(options.SeparationZ is null, nameof(options.SeparationZ), options.SeparationZ, Allowed);
    }

    public override long NetworkRows => _scorer.NetworkRows;

    public override LikelihoodEstimate[][] ScoreQuestions(
        IReadOnlyList<IReadOnlyList<LikelihoodRequest>> questions, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(questions);
        // A sampler goes from block to block by itself.
        if (_runsSampler)
            return _scorer.ScoreQuestions(questions, cancellation);
        LikelihoodRequest[][][] blocks = [.. questions.Select(question => question.Select(BlocksOf).ToArray())];
        LikelihoodEstimate[] estimates = _scorer.Score([.. blocks.SelectMany(question => question).SelectMany(own => own)], cancellation);
        int next = 0;
        return [.. blocks.Select(question => question.Select(own =>
        {
            next += own.Length;
            return LikelihoodEstimate.Sum(estimates.AsSpan(next - own.Length, own.Length));
        }).ToArray())];
    }

    public override MixtureBounds[] Bound(
        IReadOnlyList<LikelihoodRequest> requests, int orders, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        LikelihoodRequest[][] blocks = [.. requests.Select(BlocksOf)];
        MixtureBounds[] bounds = _scorer.Bound([.. blocks.SelectMany(own => own)], orders, cancellation);
        int next = 0;
        return [.. blocks.Select(own =>
        {
            next += own.Length;
            return MixtureBounds.Sum(bounds.AsSpan(next - own.Length, own.Length));
        })];
    }

    public override bool[] MatchGreedily(IReadOnlyList<LikelihoodRequest> requests, CancellationToken cancellation = default) =>
        _scorer.MatchGreedily(requests, cancellation);

    private LikelihoodRequest[] BlocksOf(LikelihoodRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        MaskedDiffusionScorer.CheckFits(request, _evaluator);
        if (request.Order is not null)
        {
            throw new ArgumentException("A network whose attention goes by blocks reveals the blocks of an answer in their order: leave "
                + "LikelihoodRequest.Order null.");
        }
        int[][] blocks = [.. request.Answer.Chunk(_size)];
        return [.. blocks.Select((block, number) => new LikelihoodRequest(
            [.. request.Context, .. request.Answer.AsSpan(0, number * _size)], block)
        {
            RandomKey = request.RandomKey is { } key ? ContentKey.Combine(key, (ulong)number) : null,
            PromptLength = request.PromptLength,
            BlockStart = request.BlockStart,
        })];
    }
}

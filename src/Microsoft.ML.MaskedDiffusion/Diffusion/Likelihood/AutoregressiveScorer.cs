using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Modeling;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Options;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>
/// The exact log p(answer | context) under an autoregressive network, with one row for each request: the sum of the log-probabilities of
/// the answer's tokens, each after those before it. A request's result does not depend on the others. Safe for several threads.
/// </summary>
internal sealed class AutoregressiveScorer : RequestScorer
{
    private readonly TransformerConfig _config;
    private readonly RowScheduler _scheduler;

    /// <exception cref="ArgumentException">
    /// An option is out of range or needs a mask token, or the network is a masked diffusion model.
    /// </exception>
    public AutoregressiveScorer(TransformerNetwork network, LikelihoodOptions options)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(options);
        LikelihoodOptions own = options.Clone();
        bool isExact = own.Method == LikelihoodMethod.ExactCount || own.Method == LikelihoodMethod.ChainRule;
        OptionCheck.Require(isExact, nameof(own.Method), own.Method.Name,
            "ExactCount (the default) or ChainRule for an autoregressive model: its likelihood is exact, left to right, and no mask is "
            + "drawn; it cannot fill positions in the order of a sampler");
        OptionCheck.Require(own.GuidanceScale == 0, nameof(own.GuidanceScale), own.GuidanceScale,
            "0 for an autoregressive model: guidance masks the context, and the model has no mask token");
        OptionCheck.Require(!own.PadToContext, nameof(own.PadToContext), true,
            "false for an autoregressive model: it has no mask token to pad with");
        _config = network.Config;
        _scheduler = new RowScheduler(NetworkEvaluator.OfAutoregressive(network), guidanceScale: 0, own.BatchTokens);
    }

    public override long NetworkRows => _scheduler.NetworkRows;

    public override LikelihoodEstimate[][] ScoreQuestions(
        IReadOnlyList<IReadOnlyList<LikelihoodRequest>> questions, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(questions);
        MaskedRow[][] rows = [.. questions.Select(question => question.Select(Row).ToArray())];
        _scheduler.Score(rows.SelectMany(question => question), cancellation);
        return [.. rows.Select(question => question.Select(Estimate).ToArray())];
    }

    public override MixtureBounds[] Bound(
        IReadOnlyList<LikelihoodRequest> requests, int orders, CancellationToken cancellation = default) =>
        [.. Score(requests, cancellation).Select(estimate => MixtureBounds.Exact(estimate.LogLikelihood, estimate.LogLikelihood))];

    /// <summary>Whether each token is the most likely one after those before it, which is what greedy decoding writes.</summary>
    public override bool[] MatchGreedily(IReadOnlyList<LikelihoodRequest> requests, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        MaskedRow[] rows = [.. requests.Select(Row)];
        Dictionary<MaskedRow, int> numbers = rows.Select((row, i) => (row, i)).ToDictionary(pair => pair.row, pair => pair.i);
        var matched = new bool[rows.Length];
        Array.Fill(matched, true);
        _scheduler.Read(rows, (row, place, logits) =>
        {
            DistributionSummary seen = DistributionKernels.Summarize(logits);
            RequireFinite(seen.Id < 0 ? double.NaN : seen.Top, row.Targets.Length, row.Tokens.Length - row.Targets.Length + 1);
            // Several positions of a row may come at once, from several threads; all of them write the same value.
            if (seen.Id != row.Targets[place])
                matched[numbers[row]] = false;
        }, cancellation);
        return matched;
    }

    private static LikelihoodEstimate Estimate(MaskedRow row)
    {
        RequireFinite(-row.NegativeLogLikelihood, row.Targets.Length, row.Tokens.Length - row.Targets.Length + 1);
        return new LikelihoodEstimate(-row.NegativeLogLikelihood, 0, row.Targets.Length, 1);
    }

    private MaskedRow Row(LikelihoodRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        int context = request.Context.Length, answer = request.Answer.Length;
        int limit = _config.ContextLength, vocabulary = _config.VocabularySize;
        if (context == 0)
        {
            throw new ArgumentException(
                "An autoregressive model scores what follows a context, and the context is empty; "
                + "begin it with the tokenizer's beginning or end of sequence.");
        }
        // The last token is predicted, never read.
        if (context + answer - 1 > limit)
        {
            throw new ArgumentException(
                $"A context of {context} tokens and an answer of {answer} need {context + answer - 1} positions; the model has {limit}. "
                + "Score the text in windows.");
        }
        if (request.Order is { } order && !order.SequenceEqual(Enumerable.Range(0, answer)))
        {
            throw new ArgumentException(
                "An autoregressive model reads left to right only: the request's Order must be 0, 1, 2 and so on, or null. "
                + "Other orders need a masked diffusion model.");
        }
        int[] whole = [.. request.Context, .. request.Answer];
        foreach (int id in whole)
        {
            if (id < 0 || id >= vocabulary)
            {
                throw new ArgumentException(
                    $"Token id {id} is outside 0 to {vocabulary - 1}; it was made by another tokenizer than the model's.");
            }
        }
        return new MaskedRow(whole[..^1], null, [.. Enumerable.Range(context - 1, answer)], request.Answer);
    }
}

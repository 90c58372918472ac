using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>
/// Estimates log p(answer | context) under a masked diffusion model for many requests together. A request's result depends on the model,
/// the options and the request, not on what else is asked; under <see cref="LikelihoodOptions.SeparationZ"/> it also depends on the other
/// options of its question. Safe for several threads.
/// </summary>
internal sealed class MaskedDiffusionScorer : RequestScorer
{
    // Rows waiting at once are kept below this many tokens, so that memory stays bounded whatever the number of requests.
    private const long WindowTokens = 1 << 23;

    private readonly IRowEvaluator _evaluator;
    private readonly LikelihoodOptions _options;
    private readonly RowScheduler _scheduler;
    private readonly SamplerLikelihood? _sampler;
    private long _greedyRows;

    public MaskedDiffusionScorer(IRowEvaluator evaluator, LikelihoodOptions options)
    {
        ArgumentNullException.ThrowIfNull(evaluator);
        ArgumentNullException.ThrowIfNull(options);
        _evaluator = evaluator;
        _options = options.Clone();
        _scheduler = new RowScheduler(evaluator, _options.GuidanceScale, _options.BatchTokens);
        _sampler = _options.Method is SamplerMethod method ? new SamplerLikelihood(evaluator, method, _options) : null;
    }

    public override long NetworkRows => _scheduler.NetworkRows + (_sampler?.NetworkRows ?? 0) + Interlocked.Read(ref _greedyRows);

    public override LikelihoodEstimate[][] ScoreQuestions(
        IReadOnlyList<IReadOnlyList<LikelihoodRequest>> questions, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(questions);
        if (_sampler is not null)
            return Regroup(questions, _sampler.Score([.. questions.SelectMany(question => question)], cancellation));
        RequestState[][] states = [.. questions.Select(question => question.Select(NewState).ToArray())];
        RequestState[] active = [.. states.SelectMany(question => question)];
        while (active.Length > 0)
        {
            RunRound(active, cancellation);
            active = [.. states.SelectMany(StillUncertain).Where(state => state.NextSamples(_options) > 0)];
        }
        return [.. states.Select(question => question.Select(state => state.Result).ToArray())];
    }

    public override MixtureBounds[] Bound(
        IReadOnlyList<LikelihoodRequest> requests, int orders, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        foreach (LikelihoodRequest request in requests)
        {
            ArgumentNullException.ThrowIfNull(request);
            CheckFits(request, _evaluator);
        }
        OrderMixture[] mixtures = [.. requests.Select(request => OrderMixture.Of(request, orders, _options.Seed))];
        // Requests of one length and one context stand next to each other, because these are the ones that can share rows.
        IEnumerable<int> ordered = Enumerable.Range(0, mixtures.Length)
            .OrderBy(i => RequestState.LengthOf(requests[i], _evaluator, _options))
            .ThenBy(i => ContentKey.Of(requests[i].Context));
        List<(MaskedRow Row, Action<double> Take)> asked = [];
        long tokens = 0;
        foreach (int i in ordered)
        {
            int length = RequestState.LengthOf(requests[i], _evaluator, _options);
            bool guided = RequestState.IsGuided(requests[i], _evaluator, _options);
            foreach ((AnswerMask mask, Action<double> take) in mixtures[i].Questions())
            {
                MaskedRow row =
                    RequestState.CreateRow(requests[i], mask, length, _evaluator.MaskTokenId, guided, _evaluator.AttentionBlockSize);
                asked.Add((row, take));
                tokens += length;
                if (tokens >= WindowTokens)
                    Flush();
            }
        }
        Flush();
        return [.. mixtures.Select((mixture, i) => Checked(mixture.Bounds(), requests[i]))];

        void Flush()
        {
            _scheduler.Score(asked.Select(one => one.Row), cancellation);
            foreach ((MaskedRow row, Action<double> take) in asked)
                take(-row.NegativeLogLikelihood);
            asked.Clear();
            tokens = 0;
        }
    }

    public override bool[] MatchGreedily(IReadOnlyList<LikelihoodRequest> requests, CancellationToken cancellation = default)
    {
        var matcher = new GreedyMatcher(_evaluator, _options);
        bool[] matches = matcher.Match(requests, cancellation);
        Interlocked.Add(ref _greedyRows, matcher.NetworkRows);
        return matches;
    }

    /// <summary>Refuses a request that the model cannot look at.</summary>
    /// <exception cref="ArgumentException">The request is too long or holds an id outside the vocabulary.</exception>
    public static void CheckFits(LikelihoodRequest request, IRowEvaluator evaluator)
    {
        int context = request.Context.Length, answer = request.Answer.Length;
        if (context + answer > evaluator.ContextLength)
        {
            throw new ArgumentException(
                $"A context of {context} tokens and an answer of {answer} make {context + answer}; "
                + $"the model sees at most {evaluator.ContextLength}. Shorten the context, or score the text in windows.");
        }
        int last = evaluator.LastTokenId;
        foreach (int id in request.Context)
        {
            if (id < 0 || id > last)
            {
                throw new ArgumentException(
                    $"Token id {id} of the context is outside 0 to {last}; "
                    + "it was made by another tokenizer than the model's.");
            }
        }
        foreach (int id in request.Answer)
        {
            if (id < 0 || id >= evaluator.VocabularySize)
            {
                throw new ArgumentException(
                    $"Token id {id} of the answer is outside 0 to {evaluator.VocabularySize - 1}; "
                    + "the mask token has no likelihood, and other ids come from another tokenizer.");
            }
        }
    }

    private static MixtureBounds Checked(MixtureBounds bounds, LikelihoodRequest request)
    {
        RequireFinite(bounds.Lower, request.Answer.Length, request.Context.Length);
        return bounds;
    }

    private static LikelihoodEstimate[][] Regroup(
        IReadOnlyList<IReadOnlyList<LikelihoodRequest>> questions, LikelihoodEstimate[] estimates)
    {
        var grouped = new LikelihoodEstimate[questions.Count][];
        for (int i = 0, next = 0; i < grouped.Length; next += grouped[i++].Length)
            grouped[i] = estimates[next..(next + questions[i].Count)];
        return grouped;
    }

    private RequestState NewState(LikelihoodRequest request, int option)
    {
        ArgumentNullException.ThrowIfNull(request);
        CheckFits(request, _evaluator);
        return new RequestState(request, _evaluator, _options);
    }

    private void RunRound(RequestState[] active, CancellationToken cancellation)
    {
        // Requests of one length and one context stand next to each other, because these are the ones that can share rows.
        IEnumerable<RequestState> ordered = active.OrderBy(state => state.Length).ThenBy(state => state.ContextKey);
        List<RequestState> window = [];
        List<MaskedRow> rows = [];
        long tokens = 0;
        foreach (RequestState state in ordered)
        {
            int before = rows.Count;
            state.StartRound(_options, rows);
            window.Add(state);
            tokens += (long)(rows.Count - before) * state.Length;
            if (tokens >= WindowTokens)
                Flush();
        }
        Flush();

        void Flush()
        {
            _scheduler.Score(rows, cancellation);
            foreach (RequestState state in window)
                state.FinishRound();
            window.Clear();
            rows.Clear();
            tokens = 0;
        }
    }

    private IEnumerable<RequestState> StillUncertain(RequestState[] question)
    {
        if (_options.SeparationZ is not { } z)
            return question.Where(state => state.StandardError > _options.TargetStandardError);
        RequestState leader = question.MinBy(state => state.Value)!;
        double Gap(RequestState state) => state.Value - leader.Value;
        double Needed(RequestState state) => z * double.Hypot(state.StandardError, leader.StandardError);
        RequestState[] contenders = [.. question.Where(state => state != leader && Gap(state) <= Needed(state))];
        IEnumerable<RequestState> uncertain = contenders.Length == 0 ? [] : contenders.Prepend(leader);
        return _options.TargetStandardError is { } target ? uncertain.Where(state => state.StandardError > target) : uncertain;
    }
}

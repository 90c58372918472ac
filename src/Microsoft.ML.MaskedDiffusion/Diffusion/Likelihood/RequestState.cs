using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>A request that is being scored: its rounds so far, the masks it has already seen, and its running estimate.</summary>
internal sealed class RequestState
{
    // A budget stops where its error is small, which is more often where it is too small by chance: by 0.8 of its own standard deviation
    // where half of the requests stop (the mean of the lower half of a normal distribution), and by half of that over all requests. The
    // standard deviation of an error with f degrees of freedom is 1 / √(2 f) of it.
    private const double StoppingBias = 0.4;

    private readonly LikelihoodRequest _request;
    private readonly int _maskTokenId;
    private readonly int? _attentionBlockSize;
    private readonly bool _guided;
    private readonly ulong _key;
    private readonly bool _adaptive;
    private readonly Dictionary<int[], MaskedRow> _pending = new(TokenRowComparer.Instance);
    private readonly Dictionary<int[], double> _losses = new(TokenRowComparer.Instance) { [[]] = 0 };
    private MaskRound? _round;
    private int _rounds, _roundSamples, _samples, _networkRows;
    private bool _exact;
    private EstimateError _error;

    public RequestState(LikelihoodRequest request, IRowEvaluator evaluator, LikelihoodOptions options)
    {
        _request = request;
        _maskTokenId = evaluator.MaskTokenId;
        _attentionBlockSize = evaluator.AttentionBlockSize;
        Length = LengthOf(request, evaluator, options);
        _guided = IsGuided(request, evaluator, options);
        _adaptive = options.TargetStandardError is not null || options.SeparationZ is not null;
        ContextKey = ContentKey.Of(request.Context);
        _key = request.RandomKey ?? ContentKey.Combine(ContextKey, ContentKey.Of(request.Answer));
    }

    /// <summary>Tokens of each of its rows.</summary>
    public int Length { get; }

    public ulong ContextKey { get; }

    /// <summary>The running estimate of the negative log-likelihood in nats.</summary>
    public double Value { get; private set; }

    public double StandardError => Error.StandardError;

    public LikelihoodEstimate Result => new(-Value, StandardError, _request.Answer.Length, _networkRows) { Error = Error };

    private EstimateError Error => _rounds < 2 ? _error : _error.Times(1 + StoppingBias / Math.Sqrt(2 * _error.Freedom));

    /// <summary>How many samples the next round takes: as many as so far, within the maximum; 0 when no round is left.</summary>
    public int NextSamples(LikelihoodOptions options)
    {
        if (_samples == 0)
            return options.Samples;
        int next = Math.Min(_samples, options.MaxSamples - _samples);
        return _exact || next < 3 ? 0 : next;
    }

    /// <summary>Plans a round and adds the rows it has not seen yet to <paramref name="rows"/>.</summary>
    public void StartRound(LikelihoodOptions options, List<MaskedRow> rows)
    {
        _roundSamples = NextSamples(options);
        _round = ((MaskMethod)options.Method).Plan(
            new RoundKey(_request.Answer.Length, _roundSamples, options.RoundSize, _request.Order, (ulong)options.Seed, _key, _rounds++));
        foreach (AnswerMask mask in _round.Masks)
        {
            if (_losses.ContainsKey(mask.Hidden) || _pending.ContainsKey(mask.Hidden))
                continue;
            MaskedRow row = CreateRow(_request, mask, Length, _maskTokenId, _guided, _attentionBlockSize);
            _pending.Add(mask.Hidden, row);
            rows.Add(row);
            _networkRows += row.NetworkRows;
        }
    }

    /// <summary>Adds the evaluated round to the running estimate, in which each round counts by its samples.</summary>
    public void FinishRound()
    {
        var losses = new double[_round!.Masks.Count];
        for (int i = 0; i < losses.Length; i++)
        {
            int[] hidden = _round.Masks[i].Hidden;
            losses[i] = _pending.TryGetValue(hidden, out MaskedRow? row) ? row.NegativeLogLikelihood : _losses[hidden];
        }
        // Only an adaptive budget has further rounds, which may meet a mask again.
        if (_adaptive)
        {
            foreach ((int[] hidden, MaskedRow row) in _pending)
                _losses.Add(hidden, row.NegativeLogLikelihood);
        }
        _pending.Clear();
        (double value, EstimateError error) = _round.Combine(losses);
        RequestScorer.RequireFinite(double.IsFinite(error.Variance) ? -value : error.Variance, _request.Answer.Length,
            _request.Context.Length);
        // A round that enumerates every mask is exact and replaces all rounds before it.
        double kept = _round.IsExact ? 0 : (double)_samples / (_samples + _roundSamples), added = 1 - kept;
        (Value, _error) = (kept * Value + added * value, _round.IsExact ? default : _error.Times(kept) + error.Times(added));
        _samples += _roundSamples;
        _exact = _round.IsExact;
        _round = null;
    }

    /// <summary>Tokens of each row of a request.</summary>
    public static int LengthOf(LikelihoodRequest request, IRowEvaluator evaluator, LikelihoodOptions options) =>
        options.PadToContext ? evaluator.ContextLength : request.Context.Length + request.Answer.Length;

    /// <summary>Whether guidance changes anything for a request.</summary>
    public static bool IsGuided(LikelihoodRequest request, IRowEvaluator evaluator, LikelihoodOptions options) =>
        options.GuidanceScale > 0 && request.Context.Take(request.PromptLength).Any(id => id != evaluator.MaskTokenId);

    /// <summary>
    /// The sequence that the network sees for a mask of the answer, extended with mask tokens to <paramref name="length"/>.
    /// </summary>
    public static MaskedRow CreateRow(
        LikelihoodRequest request, AnswerMask mask, int length, int maskTokenId, bool guided, int? attentionBlockSize = null)
    {
        int start = request.Context.Length;
        var tokens = new int[length];
        request.Context.CopyTo(tokens, 0);
        request.Answer.CopyTo(tokens, start);
        tokens.AsSpan(start + request.Answer.Length).Fill(maskTokenId);
        foreach (int position in mask.Hidden)
            tokens[start + position] = maskTokenId;
        int[]? unconditional = guided ? Guidance.Unconditional(tokens, request.PromptLength, maskTokenId) : null;
        int[] positions = new int[mask.Asked.Length], targets = new int[mask.Asked.Length];
        for (int i = 0; i < positions.Length; i++)
            (positions[i], targets[i]) = (start + mask.Asked[i], request.Answer[mask.Asked[i]]);
        return new MaskedRow(tokens, unconditional, positions, targets)
        {
            Blocks = AttentionBlocks.Of(attentionBlockSize, request.BlockStart),
        };
    }
}

using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Likelihood;

/// <summary>A request on its way: its rounds so far, the masks it has already seen, its running estimate.</summary>
internal sealed class RequestState
{
    private readonly LikelihoodRequest _request;
    private readonly int _maskTokenId;
    private readonly bool _guided;
    private readonly ulong _key;
    private readonly bool _adaptive;
    private readonly Dictionary<int[], MaskedRow> _pending = new(TokenRowComparer.Instance);
    private readonly Dictionary<int[], double> _losses = new(TokenRowComparer.Instance) { [[]] = 0 };
    private MaskRound? _round;
    private int _rounds, _roundSamples, _samples, _networkRows;
    private bool _exact;

    public RequestState(LikelihoodRequest request, IRowEvaluator evaluator, LikelihoodOptions options)
    {
        _request = request;
        _maskTokenId = evaluator.MaskTokenId;
        Length = options.PadToContext ? evaluator.ContextLength : request.Context.Length + request.Answer.Length;
        _guided = options.GuidanceScale > 0 && request.Context.Any(id => id != _maskTokenId);
        _adaptive = options.TargetStandardError is not null || options.SeparationZ is not null;
        ContextKey = ContentKey.Of(request.Context);
        _key = request.RandomKey ?? ContentKey.Combine(ContextKey, ContentKey.Of(request.Answer));
    }

    /// <summary>Length of its rows.</summary>
    public int Length { get; }

    public ulong ContextKey { get; }

    /// <summary>Negative log-likelihood, nats.</summary>
    public double Value { get; private set; }

    public double Variance { get; private set; }

    public double StandardError => Math.Sqrt(Variance);

    public LikelihoodEstimate Result => new(-Value, StandardError, _request.Answer.Length, _networkRows);

    /// <summary>Samples the next round takes: doubling, within the maximum; 0 when there is none.</summary>
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
        _round = options.Estimator.Plan(
            new RoundKey(_request.Answer.Length, _roundSamples, options.RoundSize, _request.Order, (ulong)options.Seed, _key, _rounds++));
        foreach (AnswerMask mask in _round.Masks)
        {
            if (_losses.ContainsKey(mask.Hidden) || _pending.ContainsKey(mask.Hidden))
                continue;
            MaskedRow row = AnswerRow.Create(_request, mask, Length, _maskTokenId, _guided);
            _pending.Add(mask.Hidden, row);
            rows.Add(row);
            _networkRows += row.NetworkRows;
        }
    }

    /// <summary>Takes up the evaluated round; rounds count by their samples.</summary>
    public void FinishRound()
    {
        var losses = new double[_round!.Masks.Count];
        for (int i = 0; i < losses.Length; i++)
        {
            int[] hidden = _round.Masks[i].Hidden;
            losses[i] = _pending.TryGetValue(hidden, out MaskedRow? row) ? row.NegativeLogLikelihood : _losses[hidden];
        }
        // Only an adaptive budget comes back and may meet a mask again.
        if (_adaptive)
        {
            foreach ((int[] hidden, MaskedRow row) in _pending)
                _losses.Add(hidden, row.NegativeLogLikelihood);
        }
        _pending.Clear();
        (double value, double variance) = _round.Combine(losses);
        RequestScorer.RequireFinite(double.IsFinite(variance) ? -value : variance, _request.Answer.Length, _request.Context.Length);
        // More samples than were ever asked for may have shown every mask; what is exact replaces all before.
        double kept = _round.IsExact ? 0 : (double)_samples / (_samples + _roundSamples), added = 1 - kept;
        (Value, Variance) = (kept * Value + added * value, kept * kept * Variance + added * added * variance);
        _samples += _roundSamples;
        _exact = _round.IsExact;
        _round = null;
    }
}

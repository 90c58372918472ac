using System.Buffers;
using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>
/// A row being filled, block by block and step by step. Each step has three parts: <see cref="Look"/> says what the network is asked,
/// <see cref="Read"/> takes its answers, and <see cref="Advance"/> fills positions and masks others again.
/// </summary>
internal sealed class SamplingRow
{
    // Steps without a change, beyond those planned, after which a rule is taken to stand still.
    private const int MostIdleSteps = 10_000;

    private readonly SamplingRequest _request;
    private readonly SamplingOptions _options;
    private readonly ISamplingDraws _draws;
    private readonly TokenChooser _chooser;
    private readonly int _maskTokenId;
    private readonly bool[] _isGenerated;
    private readonly GapStates? _gaps;
    private readonly SamplingBlock _block;
    private readonly CommitHistory _history;
    private TokenPrediction[] _predictions = [];
    private int[] _looked = [];
    private int _step, _idleSteps;

    /// <param name="request">The row.</param>
    /// <param name="options">How it is filled; checked.</param>
    /// <param name="maskTokenId">The mask token.</param>
    /// <param name="draws">Its draws; null for those of the options' seed and the request's key.</param>
    public SamplingRow(SamplingRequest request, SamplingOptions options, int maskTokenId, ISamplingDraws? draws = null)
    {
        _request = request;
        _options = options;
        _maskTokenId = maskTokenId;
        _draws = draws ?? new CounterDraws(options.Seed, request.Key);
        _chooser = new TokenChooser(options);
        Tokens = [.. request.Tokens];
        Total = request.Positions.Length;
        _isGenerated = new bool[Tokens.Length];
        foreach (int position in request.Positions)
            _isGenerated[position] = true;
        _gaps = request.Gaps.Length > 0 ? new GapStates(request.Vocabulary!, request.Gaps, Tokens.Length) : null;
        _history = new CommitHistory(Tokens.Length);
        _block = new SamplingBlock(request, options);
    }

    /// <summary>The ids so far.</summary>
    public int[] Tokens { get; private set; }

    /// <summary>Positions to fill in all.</summary>
    public int Total { get; }

    /// <summary>Positions still masked.</summary>
    public int Left => _block.Left;

    /// <summary>Whether a token came out other than expected; the row then stops.</summary>
    public bool Missed { get; private set; }

    /// <summary>Whether nothing is left to do.</summary>
    public bool IsDone => Missed || _block.IsDone;

    /// <summary>Steps taken that asked the network.</summary>
    public int NetworkSteps { get; private set; }

    /// <summary>Rows that the network was asked for.</summary>
    public int NetworkRows { get; private set; }

    /// <summary>What was chosen when, with which probability.</summary>
    public CommitHistory History => _history;

    /// <summary>
    /// What the network is asked in this step: nothing where no answer could change anything. With predictions, the first row is the row
    /// itself; the others are probes.
    /// </summary>
    public IReadOnlyList<MaskedRow> Look()
    {
        int[] open = _block.Open;
        if (IsBlind)
        {
            TokenPrediction[] drawn = [.. open.Select(Unseen)];
            Rank(drawn);
            open = [.. drawn.Take(Count(drawn)).Select(prediction => prediction.Position)];
        }
        else if (!_options.TokensPerStep.UsesPredictions && !_options.SharesStepsAmongRows && Count([.. open.Select(Unseen)]) == 0)
        {
            open = [];
        }
        _looked = open;
        _predictions = new TokenPrediction[open.Length];
        _gaps?.Follow(Tokens, _maskTokenId);
        if (open.Length == 0)
            return [];
        bool guided = _options.IsGuided(Total == 0 ? 0 : (double)Left / Total);
        var look = new MaskedRow([.. Tokens], guided ? Unconditional() : null, open, []);
        NetworkSteps++;
        NetworkRows += look.NetworkRows;
        return [look];
    }

    /// <summary>Takes the logits of one of the positions looked at. May be called from several threads, once a place.</summary>
    public void Read(int place, ReadOnlySpan<float> logits)
    {
        int position = _looked[place];
        float[] own = ArrayPool<float>.Shared.Rent(logits.Length);
        Span<float> seen = own.AsSpan(0, logits.Length);
        logits.CopyTo(seen);
        LogitAdjustment.Apply(seen, _request, _options, Tokens, position, _maskTokenId);
        if (_request.Vocabulary is { } vocabulary)
        {
            for (int id = 0; id < seen.Length; id++)
            {
                if (!(_gaps is null ? vocabulary.HasText(id) : _gaps.Fits(position, id)))
                    seen[id] = float.NegativeInfinity;
            }
        }
        _predictions[place] = _request.Teacher is { } teacher
            ? _chooser.Force(seen, teacher[position], position, _step, _draws)
            : _chooser.Choose(seen, position, _step, _draws);
        ArrayPool<float>.Shared.Return(own);
    }

    /// <summary>What was predicted in this step, in the order in which positions are filled.</summary>
    public TokenPrediction[] Ranked()
    {
        TokenPrediction[] ranked = [.. _predictions];
        Rank(ranked);
        return ranked;
    }

    /// <summary>Fills the step's share of the positions looked at.</summary>
    public void Advance()
    {
        TokenPrediction[] ranked = Ranked();
        Commit(ranked, IsBlind || ranked.Length == 0 ? ranked.Length : Count(ranked));
    }

    /// <summary>
    /// Fills so many of the positions given, in their order. A choice that does not go with one just made in the same gap is passed over:
    /// its position is looked at again in the next step.
    /// </summary>
    public void Commit(IReadOnlyList<TokenPrediction> ranked, int count)
    {
        var filled = new List<int>();
        foreach (TokenPrediction prediction in ranked)
        {
            if (filled.Count == count)
                break;
            if (_gaps is not null && !_gaps.Fits(prediction.Position, prediction.Token))
                continue;
            int position = prediction.Position;
            Tokens[position] = prediction.Token;
            filled.Add(position);
            _history.Add(prediction, _step);
            Missed |= _request.Expected is { } expected && expected[position] != prediction.Token;
            _gaps?.Follow(Tokens, _maskTokenId, position);
        }
        RequireProgress(filled.Count);
        _block.Fill(filled, postponed: count - filled.Count);
        EndText(filled);
        _step++;
        _block.NextStep();
    }

    private void RequireProgress(int filled)
    {
        _idleSteps = filled > 0 ? 0 : _idleSteps + 1;
        if (_idleSteps > (_options.Steps ?? 0) + MostIdleSteps)
        {
            throw new InvalidOperationException($"The rule '{_options.TokensPerStep.Name}' of SamplingOptions.TokensPerStep has filled "
                + $"nothing in {_idleSteps} steps, and {Left} positions are masked. It must fill positions in the end.");
        }
    }

    // Of a text that has ended nothing more is computed.
    private void EndText(List<int> filled)
    {
        if (_request.EndOfTextId is not { } end)
            return;
        int last = Tokens.Length;
        foreach (int position in filled)
        {
            if (Tokens[position] == end)
                last = Math.Min(last, position);
        }
        if (last + 1 >= Tokens.Length)
            return;
        Tokens = Tokens[..(last + 1)];
        _block.CutAfter(last);
    }

    private int[]? Unconditional() => _request.PromptLength is { } length
        ? Guidance.Unconditional(Tokens, length, _maskTokenId)
        : Guidance.UnconditionalBut(Tokens, _isGenerated, _maskTokenId);

    // Whether the positions of a step are known before the network runs.
    private bool IsBlind =>
        !_options.Order.UsesPredictions && !_options.TokensPerStep.UsesPredictions && !_options.SharesStepsAmongRows;

    private TokenPrediction Unseen(int position) => new(
        position, -1, double.NaN, double.NaN, double.NaN, double.NaN, _draws.OfPosition(_step, position));

    // Of equal priorities the earlier position goes first.
    private void Rank(TokenPrediction[] predictions)
    {
        TokenPrediction[] ordered = [.. predictions.OrderByDescending(prediction => _options.Order.Priority(prediction))];
        ordered.CopyTo(predictions, 0);
    }

    private int Count(TokenPrediction[] ranked) =>
        ranked.Length == 0 ? 0 : Math.Clamp(_options.TokensPerStep.Count(_block.StepOf(ranked)) + _block.Postponed, 0, ranked.Length);
}

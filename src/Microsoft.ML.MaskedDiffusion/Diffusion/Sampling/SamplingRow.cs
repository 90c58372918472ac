using System.Buffers;
using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Numerics.Kernels;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>
/// A row being filled, block by block and step by step. Each step has three parts: <see cref="Look"/> says what the network is asked,
/// <see cref="Read"/> takes its answers, and <see cref="Advance"/> fills positions and masks others again.
/// </summary>
internal sealed class SamplingRow : IDisposable
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
    private readonly RemaskingState? _remasking;
    private readonly CachePolicy? _cache;
    private readonly SelfCorrection? _correction;
    private TokenPrediction[] _predictions = [];
    private List<MaskedRow> _looks = [];
    private int[] _looked = [], _written = [];
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
        // What a gap has got before its length changed was written too.
        foreach (Range gap in request.Gaps)
            _isGenerated.AsSpan(gap).Fill(true);
        _gaps = request.Gaps.Length > 0 ? new GapStates(request, Tokens.Length) : null;
        History = new CommitHistory(Tokens.Length);
        _block = new SamplingBlock(request.IsWritten ? request with { Positions = [] } : request, options);
        _remasking = options.Remasking == Remasking.None ? null : new RemaskingState(options.Remasking, Tokens.Length);
        _cache = options.Cache == SamplingCache.None
            ? null : new CachePolicy(options.Cache, request.IsShifted, request.AttentionBlocks);
        _correction = options.SelfCorrectionSteps == 0 || Total == 0 ? null : new SelfCorrection(options, _draws);
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
    public bool IsDone => Missed || (_block.IsDone && _correction is null or { IsDone: true });

    /// <summary>Steps taken.</summary>
    public int Steps => _step;

    /// <summary>Rows that the network was asked for.</summary>
    public int NetworkRows { get; private set; }

    /// <summary>Rows that the network was asked for in the last step.</summary>
    public int LastNetworkRows { get; private set; }

    /// <summary>
    /// Where a token was chosen that changes the length of a gap, and which; null where none was. The position is still masked, and the row
    /// is not to be gone on with: another one takes its place.
    /// </summary>
    public (int Position, int Token)? LengthChange { get; private set; }

    /// <summary>What was chosen when, with which probability.</summary>
    public CommitHistory History { get; }

    // Whether the positions of a step are known before the network runs.
    private bool IsBlind =>
        !_options.Order.UsesPredictions && !_options.TokensPerStep.UsesPredictions && !_options.Remasking.UsesPredictions
        && !_options.SharesStepsAmongRows;

    // Whether the step fills the block's first position and no other, since its prediction cannot be had later.
    private bool FillsFirstAlone =>
        _cache?.LeavesOutPredecessor == true && _block.IsNew && _remasking is null && !_options.SharesStepsAmongRows;

    /// <summary>
    /// What the network is asked in this step: nothing where no answer could change anything; the row itself, and probes of tokens that may
    /// be masked again.
    /// </summary>
    public IReadOnlyList<MaskedRow> Look()
    {
        if (_block.IsDone)
            return LookAtWritten();
        _looked = _block.Open;
        _remasking?.Begin(StateBefore, needsChoice: IsBlind);
        if (FillsFirstAlone)
        {
            _looked = _looked[..1];
        }
        else if (IsBlind)
        {
            TokenPrediction[] drawn = [.. _looked.Select(Unseen)];
            Rank(drawn);
            _looked = [.. drawn.Take(Count(drawn)).Select(prediction => prediction.Position).Order()];
        }
        else if (FillsNothing())
        {
            _looked = [];
        }
        _predictions = new TokenPrediction[_looked.Length];
        _gaps?.Follow(Tokens, _maskTokenId);
        GreedyLook? greedy = IsGreedy ? new GreedyLook(place => ChangeAt(_looked[place]), ReadTop) : null;
        _looks = _looked.Length > 0 ? [Ask(Tokens, _looked, ShareOf(Left), _cache, greedy)] : [];
        foreach (int[] group in _remasking?.Probes ?? [])
        {
            int[] tokens = [.. Tokens];
            foreach (int position in group)
                tokens[position] = _maskTokenId;
            _looks.Add(Ask(tokens, group, ShareOf(Left + group.Length), cache: null, greedy: null));
        }
        LastNetworkRows = _looks.Sum(look => look.NetworkRows);
        NetworkRows += LastNetworkRows;
        return _looks;
    }

    /// <summary>
    /// Takes the logits at one of the positions of one of the looks, by their numbers. May be called from several threads, once for each.
    /// </summary>
    public void Read(int look, int place, ReadOnlySpan<float> logits)
    {
        if (_block.IsDone)
        {
            _correction!.Read(place, logits, _written[_looked[place]], CorrectionAt(_looked[place]), _step);
            return;
        }
        float[] own = ArrayPool<float>.Shared.Rent(logits.Length);
        Span<float> seen = own.AsSpan(0, logits.Length);
        logits.CopyTo(seen);
        bool isProbe = _looked.Length == 0 || look > 0;
        int probe = _looked.Length == 0 ? look : look - 1;
        int position = isProbe ? _remasking!.Probes[probe][place] : _looked[place];
        // A probed token is masked in its own look, so that it does not count as a repetition of itself.
        RepetitionPenalty.Apply(seen, _looks[look].Tokens, _options, _maskTokenId);
        if (isProbe)
        {
            LogitChange.Of(_request, _options, position, [], mayEnd: false).AddTo(seen);
            _remasking!.SetProbed(position, TokenStatistics.Of(seen).Probability(seen[Tokens[position]]));
        }
        else
        {
            Restrict(seen, position);
            _predictions[place] = _request.Teacher is { } teacher
                ? TokenChooser.Force(seen, teacher[position], position, _step, _draws)
                : _chooser.Choose(seen, position, _step, _draws);
        }
        ArrayPool<float>.Shared.Return(own);
    }

    /// <summary>What was predicted in this step, in the order in which positions are filled.</summary>
    public TokenPrediction[] Ranked()
    {
        TokenPrediction[] ranked = [.. _predictions];
        Rank(ranked);
        return ranked;
    }

    /// <summary>Fills the step's share of the positions looked at, and masks others again.</summary>
    public void Advance()
    {
        if (_block.IsDone)
        {
            Correct();
            return;
        }
        TokenPrediction[] ranked = Ranked();
        _remasking?.ChooseAfter(StateWith(ranked));
        Commit(ranked, IsBlind || FillsFirstAlone ? ranked.Length : Count(ranked));
    }

    /// <summary>
    /// Fills so many of the positions given, in their order, up to a change of a gap's length. A choice that does not go with one just made
    /// in the same gap is passed over: its position is looked at again in the next step.
    /// </summary>
    public void Commit(IReadOnlyList<TokenPrediction> ranked, int count)
    {
        var filled = new List<int>();
        foreach (TokenPrediction prediction in ranked)
        {
            if (filled.Count == count)
                break;
            int position = prediction.Position;
            if (_request.LengthTokens?.Ids.Contains(prediction.Token) == true)
            {
                LengthChange = (position, prediction.Token);
                break;
            }
            if (_gaps is not null && !Fits(position, prediction.Token))
                continue;
            Tokens[position] = prediction.Token;
            filled.Add(position);
            History.Add(prediction, _step);
            Missed |= _request.Expected is { } expected && expected[position] != prediction.Token;
            _gaps?.Follow(Tokens, _maskTokenId, position);
        }
        IReadOnlyList<int> masked = _remasking?.Chosen ?? [];
        foreach (int position in masked)
        {
            Tokens[position] = _maskTokenId;
            History.Mask(position);
        }
        _cache?.Changed(filled, masked);
        RequireProgress(filled.Count);
        // A rule that masks tokens again is asked once more when all are filled.
        bool wasFilled = _block.Open.Length == 0;
        _block.Change(filled, masked, count - filled.Count, _remasking?.IsHeld == true);
        _step++;
        if (_remasking is null)
            EndText(filled);
        if (_block.Open.Length == 0 && (_remasking is null || wasFilled))
            _block.Finish();
    }

    /// <summary>Gives the memory of the cache back.</summary>
    public void Dispose() => _cache?.Kept.Dispose();

    // A look at the row that is written, with the replacement that is tried; none where nothing may change. The end of the text stays
    // where it is.
    private MaskedRow[] LookAtWritten()
    {
        _looked =
        [
            .. _request.Positions.Where(position => position < Tokens.Length && !_request.EndOfTextIds.Contains(Tokens[position])),
        ];
        _written = _correction!.Begin(Tokens, _looked);
        _gaps?.Follow(_written, _maskTokenId);
        MaskedRow[] looks = _looked.Length > 0 ? [Ask(_written, _looked, maskedShare: 0, cache: null, greedy: null)] : [];
        LastNetworkRows = looks.Sum(look => look.NetworkRows);
        NetworkRows += LastNetworkRows;
        return looks;
    }

    private LogitChange CorrectionAt(int position) => ChangeAt(position) with { End = float.NegativeInfinity };

    private void Correct()
    {
        if (_correction!.Advance() is { } replaced)
        {
            Tokens[replaced.Position] = replaced.Token;
            History.Add(replaced, _step);
        }
        _step++;
    }

    // Whether the most probable tokens are all that is asked of the network.
    private bool IsGreedy => _chooser.IsGreedy && _request.Teacher is null && _options.RepetitionPenalty == 1 && LengthTokens.Count == 0;

    // The share of the text that is masked where so many of the row's positions are.
    private double ShareOf(int masked) => (double)(masked + _request.MaskedBehind) / (_request.TextLength ?? Total);

    // How much of the text is masked in a look decides whether guidance acts in it.
    private MaskedRow Ask(int[] tokens, int[] positions, double maskedShare, CachePolicy? cache, GreedyLook? greedy)
    {
        bool isGuided = _options.IsGuided(maskedShare);
        (int[]? other, int shift) = isGuided ? Unconditional(tokens) : (null, 0);
        return new MaskedRow([.. tokens], other, positions, [])
        {
            UnconditionalShift = shift,
            Blocks = _request.AttentionBlocks,
            Greedy = greedy,
            Cache = cache?.Kept,
            Computed = cache?.Next(_block, tokens.Length, positions),
        };
    }

    // The row that guidance leads away from, and how far its positions are shifted.
    private (int[]? Tokens, int Shift) Unconditional(int[] tokens) => _request.PromptLength switch
    {
        null => (Guidance.UnconditionalBut(tokens, _isGenerated, _maskTokenId), 0),
        { } length when _request.NegativePrompt is { } negative => ([.. negative, .. tokens[length..]], negative.Length - length),
        { } length => (Guidance.Unconditional(tokens, length, _maskTokenId), 0),
    };

    private bool Fits(int position, int token) =>
        _request.EndOfTextIds.Contains(token) ? _gaps!.MayEnd(position, isCut: _remasking is null) : _gaps!.Fits(position, token);

    // The ids without text that change the length of a gap.
    private IReadOnlyList<int> LengthTokens => _request.Vocabulary is null ? [] : _request.LengthTokens?.Ids ?? [];

    private LogitChange ChangeAt(int position)
    {
        if (_request.Vocabulary is not { } vocabulary)
            return LogitChange.Of(_request, _options, position, [], mayEnd: false);
        int[] forbidden = _gaps is null ? vocabulary.WithoutText : _gaps.Forbidden(position);
        return LogitChange.Of(_request, _options, position, forbidden, _gaps?.MayEnd(position, isCut: _remasking is null) != false);
    }

    private void ReadTop(int place, DistributionSummary logits) =>
        _predictions[place] = TokenChooser.Top(TokenStatistics.Of(logits), _looked[place], _step, _draws);

    // What may not be chosen has no probability.
    private void Restrict(Span<float> logits, int position)
    {
        LogitChange change = ChangeAt(position);
        change.AddNumbers(logits);
        IReadOnlyList<int> lengthTokens = LengthTokens;
        Span<float> lengthLogits = stackalloc float[lengthTokens.Count];
        for (int i = 0; i < lengthLogits.Length; i++)
        {
            bool isAllowed = _request.LengthTokens!.Allows(lengthTokens[i], position);
            lengthLogits[i] = isAllowed ? logits[lengthTokens[i]] : float.NegativeInfinity;
        }
        change.Forbid(logits);
        for (int i = 0; i < lengthLogits.Length; i++)
            logits[lengthTokens[i]] = lengthLogits[i];
        if (lengthTokens.Count > 0 && _options.Temperature == 0)
            PreferText(logits, lengthTokens);
    }

    // A token that changes the length is the most probable choice only where it is more probable than all tokens of text together: each of
    // those is improbable where there are many.
    private static void PreferText(Span<float> logits, IReadOnlyList<int> lengthTokens)
    {
        TokenStatistics seen = TokenStatistics.Of(logits);
        double text = 1;
        foreach (int id in lengthTokens)
            text -= seen.Probability(logits[id]);
        foreach (int id in lengthTokens)
        {
            if (seen.Probability(logits[id]) <= text)
                logits[id] = float.NegativeInfinity;
        }
    }

    private void RequireProgress(int filled)
    {
        _idleSteps = filled > 0 ? 0 : _idleSteps + 1;
        if (_idleSteps - MostIdleSteps > (_options.Steps ?? 0) || History.MostTimesMasked > MostIdleSteps)
        {
            string rule = filled > 0 ? $"'{_options.Remasking.Name}' of SamplingOptions.Remasking masks the same position again and again"
                : $"'{_options.TokensPerStep.Name}' of SamplingOptions.TokensPerStep has filled nothing in {_idleSteps} steps";
            throw new InvalidOperationException($"The rule {rule}, and {Left} positions are masked still. "
                + "A rule must leave fewer of them in the end: use one of the library's, or mend this one.");
        }
    }

    // Of a text that has ended nothing more is computed.
    private void EndText(List<int> filled)
    {
        if (_request.EndOfTextIds.Length == 0)
            return;
        int last = filled.Where(position => _request.EndOfTextIds.Contains(Tokens[position])).DefaultIfEmpty(int.MaxValue).Min();
        if (last >= Tokens.Length)
            return;
        Tokens = Tokens[..(last + 1)];
        _gaps?.EndAt(last);
        _block.CutAfter(last);
    }

    // Whether it is known without the network that the step changes nothing.
    private bool FillsNothing() =>
        !_options.TokensPerStep.UsesPredictions && !_options.SharesStepsAmongRows && _remasking is null
        && Count([.. _looked.Select(Unseen)]) == 0;

    private TokenPrediction Unseen(int position) => new(
        position, -1, double.NaN, double.NaN, double.NaN, double.NaN, _draws.OfPosition(_step, position));

    private RemaskingStep StateBefore() => StateWith([]);

    private RemaskingStep StateWith(TokenPrediction[] ranked)
    {
        int[] open = _block.Open;
        TokenPrediction[] known = ranked.Length > 0 || _options.TokensPerStep.UsesPredictions ? ranked : [.. open.Select(Unseen)];
        return _remasking!.StateOf(_step, _block, Tokens, open.Length, Planned(known), ranked, History, _draws);
    }

    // Of equal priorities the earlier position goes first.
    private void Rank(TokenPrediction[] predictions)
    {
        TokenPrediction[] ordered = [.. predictions.OrderByDescending(prediction => _options.Order.CheckedPriority(prediction))];
        ordered.CopyTo(predictions, 0);
    }

    // What the plan fills in this step.
    private int Planned(TokenPrediction[] ranked) =>
        ranked.Length == 0 ? 0 : Math.Clamp(_options.TokensPerStep.Count(_block.StepOf(ranked)) + _block.Postponed, 0, ranked.Length);

    // What is filled in this step, with what makes up for positions that are masked again.
    private int Count(TokenPrediction[] ranked)
    {
        int planned = _remasking?.IsHeld == true ? 0 : Planned(ranked);
        return Math.Min(ranked.Length, planned + (_options.Remasking.KeepsCounts ? _remasking?.Chosen.Count ?? 0 : 0));
    }
}

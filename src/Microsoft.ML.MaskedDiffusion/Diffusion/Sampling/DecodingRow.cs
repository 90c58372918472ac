using System.Buffers;
using Microsoft.ML.MaskedDiffusion.Diffusion.Inference;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>A row being filled: its ids so far, the positions still masked, and how many to fix in each step.</summary>
internal sealed class DecodingRow
{
    private readonly bool[] _filled;
    private readonly int[] _quotas;
    private readonly ulong _key;
    private readonly int[]? _expected;
    private readonly SamplingOptions _options;
    private readonly GapVocabulary? _vocabulary;
    private readonly Range[] _gaps;
    private readonly byte[] _before, _after;
    private readonly int[] _gapOf;
    private int _maskTokenId;
    private List<int> _open;
    private TokenChoice[] _choices = [];
    private int _step, _postponed;

    /// <summary>Creates a row.</summary>
    /// <param name="tokens">Its ids.</param>
    /// <param name="positions">The positions to be filled, ascending.</param>
    /// <param name="expected">Where given, the row is only filled to see whether it becomes this.</param>
    /// <param name="options">The sampler's options.</param>
    /// <param name="quotas">How many positions each step fixes; null for equal shares over the options' steps.</param>
    /// <param name="vocabulary">What may be chosen; null for everything.</param>
    /// <param name="gaps">
    /// The gaps whose tokens must be UTF-8 together, for rows of a text; null where only <paramref name="vocabulary"/> restricts.
    /// </param>
    public DecodingRow(int[] tokens, int[] positions, int[]? expected, SamplingOptions options, int[]? quotas = null,
        GapVocabulary? vocabulary = null, Range[]? gaps = null)
    {
        _vocabulary = vocabulary;
        _gaps = gaps ?? [];
        _before = new byte[_gaps.Length > 0 ? tokens.Length : 0];
        _after = new byte[_before.Length];
        _gapOf = new int[_before.Length];
        for (int gap = 0; gap < _gaps.Length; gap++)
            _gapOf.AsSpan(_gaps[gap]).Fill(gap);
        Tokens = [.. tokens];
        _expected = expected;
        _options = options;
        _key = ContentKey.Of(tokens);
        _open = [.. positions];
        _filled = new bool[tokens.Length];
        foreach (int position in positions)
            _filled[position] = true;
        _quotas = quotas ?? EqualShares(positions.Length, Math.Min(options.Steps ?? positions.Length, positions.Length));
        Total = positions.Length;
        if (options.Order == SamplingOrder.Random)
        {
            new CounterRandom((ulong)options.Seed, _key, RandomPurpose.Order).Shuffle(positions = [.. positions]);
            _open = [.. positions];
        }
    }

    public int[] Tokens { get; }

    /// <summary>Positions to fill in all.</summary>
    public int Total { get; }

    /// <summary>Positions still masked.</summary>
    public int Left => _open.Count;

    /// <summary>Whether a token came out other than expected; the row then stops.</summary>
    public bool Missed { get; private set; }

    public bool IsDone => Left == 0 || Missed;

    /// <summary>What the next step looks at: all open positions, or under a random order just those that it will fix.</summary>
    public MaskedRow Look(int maskTokenId)
    {
        int[] positions = _options.Order == SamplingOrder.Random ? [.. _open.Take(Quota)] : [.. _open];
        _choices = new TokenChoice[positions.Length];
        _maskTokenId = maskTokenId;
        foreach (Range gap in _gaps)
            _vocabulary!.Follow(Tokens, gap, maskTokenId, _before, _after);
        int[]? unconditional = _options.GuidanceScale == 0 ? null : Guidance.UnconditionalBut(Tokens, _filled, maskTokenId);
        return new MaskedRow([.. Tokens], unconditional, positions, []);
    }

    /// <summary>Picks a token for one of the positions looked at. May be called from several threads, once a place.</summary>
    public void Choose(int place, int position, ReadOnlySpan<float> logits)
    {
        ulong stream = _options.Temperature == 0 ? 0 : ContentKey.Combine(_key, (ulong)_step << 32 | (uint)position);
        var random = new CounterRandom((ulong)_options.Seed, stream, RandomPurpose.Sampling);
        if (_vocabulary is null)
        {
            _choices[place] = TokenChoice.Pick(logits, _options.Temperature, random, _options.Order);
            return;
        }
        // What may not be chosen has no probability.
        float[] allowed = ArrayPool<float>.Shared.Rent(logits.Length);
        for (int id = 0; id < logits.Length; id++)
            allowed[id] = MayBe(position, id) ? logits[id] : float.NegativeInfinity;
        _choices[place] = TokenChoice.Pick(allowed.AsSpan(0, logits.Length), _options.Temperature, random, _options.Order);
        ArrayPool<float>.Shared.Return(allowed);
    }

    /// <summary>
    /// Fixes the step's share of the choices; of equal priorities the earlier position goes first. A choice that does not go with one just
    /// fixed in the same gap is passed over: its position is looked at again in the next step.
    /// </summary>
    public void Advance()
    {
        int quota = Quota;
        var fixedPlaces = new HashSet<int>();
        foreach (int place in Enumerable.Range(0, _choices.Length).OrderByDescending(place => _choices[place].Priority))
        {
            int position = _open[place];
            if (fixedPlaces.Count == quota || (_gaps.Length > 0 && !MayBe(position, _choices[place].Token)))
                continue;
            Tokens[position] = _choices[place].Token;
            fixedPlaces.Add(place);
            Missed |= _expected is not null && _expected[position] != Tokens[position];
            if (_gaps.Length > 0)
                _vocabulary!.Follow(Tokens, _gaps[_gapOf[position]], _maskTokenId, _before, _after);
        }
        _postponed = quota - fixedPlaces.Count;
        _open = [.. _open.Where((_, place) => !fixedPlaces.Contains(place))];
        _step++;
    }

    private int Quota => Math.Min(Left, _postponed + (_step < _quotas.Length ? _quotas[_step] : 0));

    private bool MayBe(int position, int id) =>
        _gaps.Length == 0 ? _vocabulary!.HasText(id) : _vocabulary!.Fits(id, _before[position], _after[position]);

    // The first steps fix one more where the count does not divide, as in LLaDA.
    private static int[] EqualShares(int count, int steps) =>
        [.. Enumerable.Range(0, steps).Select(step => count / steps + (step < count % steps ? 1 : 0))];
}

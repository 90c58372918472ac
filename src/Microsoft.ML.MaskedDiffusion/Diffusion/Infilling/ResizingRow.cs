using Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;
using Microsoft.ML.MaskedDiffusion.Numerics.Random;
using Microsoft.ML.MaskedDiffusion.Text.Gaps;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Infilling;

/// <summary>
/// A row whose gaps get their lengths while they are filled, by the network's length tokens (DreamOn, arXiv 2602.01326): a masked token at
/// which the network chooses the expand token becomes two, one at which it chooses the delete token goes away. Lengths keep to the limits
/// of their gaps and to the context, and the tokens of each gap stay whole characters.
/// </summary>
/// <remarks>
/// Where a network is not sure of a length it would expand a gap and shorten it again, over and over. So a gap that has just become longer
/// must get a token before it may become shorter, and the other way round. That also brings every row to an end.
/// </remarks>
internal sealed class ResizingRow : ILengthTokens, IDisposable
{
    private readonly TransformerConfig _config;
    private readonly SamplingOptions _options;
    private readonly GapVocabulary _vocabulary;
    private readonly (int Least, int Most)[] _limits;

    // For each gap the token that changed its length last, if any, and how many of its tokens were masked then.
    private readonly (int? Token, int Masked)[] _lastChanges;
    private readonly bool _startsText;
    private readonly ulong _key;
    private int[] _tokens;
    private double _logProbability;
    private ulong _changes;

    /// <param name="row">The row, with its gaps masked.</param>
    /// <param name="limits">The fewest and the most tokens of each gap.</param>
    /// <param name="sample">Which of several draws it is, from 0.</param>
    /// <param name="options">How tokens are chosen; checked.</param>
    /// <param name="vocabulary">What may be chosen.</param>
    /// <param name="config">The network's shape, with length tokens.</param>
    /// <param name="endOfTextId">The token that ends a text; null for none.</param>
    public ResizingRow(
        GapRow row, (int Least, int Most)[] limits, int sample, SamplingOptions options, GapVocabulary vocabulary,
        TransformerConfig config, int? endOfTextId)
    {
        (_options, _vocabulary, _config, _limits, _startsText) = (options, vocabulary, config, limits, row.StartsText);
        _lastChanges = new (int?, int)[limits.Length];
        Ids = [config.ExpandTokenId!.Value, config.DeleteTokenId!.Value];
        _key = ContentKey.Of(row.Tokens, sample);
        // The text is taken to be complete, which tells the length of a gap near its end.
        bool hasEnd = endOfTextId is not null && row.Tokens.Length < config.ContextLength;
        (_tokens, Gaps) = (hasEnd ? [.. row.Tokens, endOfTextId!.Value] : row.Tokens, [.. row.Gaps]);
        Current = Open();
    }

    /// <summary>The row as it is filled now, until the length of a gap changes.</summary>
    public SamplingRow Current { get; private set; }

    /// <summary>The gaps as ranges of the row's ids.</summary>
    public Range[] Gaps { get; }

    /// <summary>The ids.</summary>
    public int[] Tokens => Current.Tokens;

    /// <summary>Whether all gaps are filled.</summary>
    public bool IsDone => Current.IsDone;

    /// <summary>
    /// The sum of log p of the gaps' tokens when they were chosen, nats. What was chosen about lengths is no part of it.
    /// </summary>
    public double LogProbability => _logProbability + Current.History.LogProbability;

    public IReadOnlyList<int> Ids { get; }

    public bool Allows(int id, int position)
    {
        int gap = GapOf(position), length = LengthOf(gap);
        bool isExpansion = id == _config.ExpandTokenId;
        bool hasRoom = isExpansion
            ? length < _limits[gap].Most && _tokens.Length < _config.ContextLength
            : length > _limits[gap].Least;
        (int? last, int masked) = _lastChanges[gap];
        bool turnsBack = last is not null && last != id && MaskedIn(gap) == masked;
        return hasRoom && !turnsBack && StaysWhole(isExpansion, position, gap);
    }

    /// <summary>Changes the length of a gap where the step just taken has chosen so.</summary>
    public void Follow()
    {
        if (Current.LengthChange is not var (position, token))
            return;
        int gap = GapOf(position);
        bool isExpansion = token == _config.ExpandTokenId;
        _logProbability += Current.History.LogProbability;
        _tokens = Resized(isExpansion, position, Current.Tokens);
        int change = isExpansion ? 1 : -1;
        Gaps[gap] = Gaps[gap].Start..(Gaps[gap].End.Value + change);
        for (int next = gap + 1; next < Gaps.Length; next++)
            Gaps[next] = (Gaps[next].Start.Value + change)..(Gaps[next].End.Value + change);
        _changes++;
        Current.Dispose();
        Current = Open();
        _lastChanges[gap] = (token, MaskedIn(gap));
    }

    public void Dispose() => Current.Dispose();

    private SamplingRow Open()
    {
        int[] masked = [.. Enumerable.Range(0, _tokens.Length).Where(position => _tokens[position] == _config.MaskTokenId)];
        var request = new SamplingRequest(_tokens, masked)
        {
            // Each length has draws of its own.
            Key = _changes == 0 ? _key : ContentKey.Combine(_key, _changes << 32),
            Vocabulary = _vocabulary,
            Gaps = [.. Gaps],
            TextLength = Gaps.Sum(gap => gap.End.Value - gap.Start.Value),
            StartsText = _startsText,
            LengthTokens = this,
            IsShifted = _config.ShiftsLogits,
        };
        return new SamplingRow(request, _options, _config.MaskTokenId);
    }

    private int[] Resized(bool isExpansion, int position, int[] tokens) => isExpansion
        ? [.. tokens[..position], _config.MaskTokenId, .. tokens[position..]]
        : [.. tokens[..position], .. tokens[(position + 1)..]];

    // Whether the gap's tokens can still become whole characters. Only then may its length change.
    private bool StaysWhole(bool isExpansion, int position, int gap)
    {
        int[] ids = Resized(isExpansion, position - Gaps[gap].Start.Value, Current.Tokens[Gaps[gap]]);
        // A token that is nothing at a text's beginning must not be left alone there.
        bool vanishes = _startsText && gap == 0 && ids is [var alone] && alone != _config.MaskTokenId && _vocabulary.Vanishes(alone);
        return !vanishes && _vocabulary.CanBeWhole(ids, _config.MaskTokenId);
    }

    private int GapOf(int position) => Array.FindIndex(Gaps, gap => position < gap.End.Value);

    private int MaskedIn(int gap) => Current.Tokens.AsSpan(Gaps[gap]).Count(_config.MaskTokenId);

    private int LengthOf(int gap) => Gaps[gap].End.Value - Gaps[gap].Start.Value;
}

using Microsoft.ML.MaskedDiffusion.Text.Gaps;

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Infilling;

/// <summary>
/// A text whose gaps are settled one after the other, from left to right: each gets a length, or one of the candidates. While a gap is
/// being settled, those before it are as they were settled, and those behind it are masked in the middle of their range of lengths.
/// </summary>
internal sealed class GapTask
{
    private readonly MaskedText _text;
    private readonly string[]? _candidates;
    private readonly int _maskTokenId;
    private readonly int[] _least, _most;
    private readonly int[][] _contents;
    private readonly string[] _chosen;

    // Tokens by which the gaps that are not settled may be longer than their least lengths, so that the text still fits.
    private long _room;

    /// <param name="text">The text; its least length fits.</param>
    /// <param name="candidates">The texts to choose from; null where the model writes.</param>
    /// <param name="openLength">The most tokens of a gap that says nothing of its length.</param>
    /// <param name="contextLength">The most tokens of a row.</param>
    /// <param name="maskTokenId">The mask token.</param>
    public GapTask(MaskedText text, string[]? candidates, int openLength, int contextLength, int maskTokenId)
    {
        _text = text;
        _candidates = candidates;
        _maskTokenId = maskTokenId;
        _room = contextLength - text.LeastLength;
        _least = [.. text.Sizes.Select(size => (int)size.Minimum)];
        _most = [.. text.Sizes.Select(size => (int)Math.Min(size.Most(openLength), size.Minimum + _room))];
        _contents = new int[_least.Length][];
        _chosen = new string[_least.Length];
    }

    /// <summary>Whether a text is chosen for each gap, and not only its length.</summary>
    public bool HasCandidates => _candidates is not null;

    /// <summary>The gap that is settled next.</summary>
    public int Next { get; private set; }

    /// <summary>Whether all gaps are settled.</summary>
    public bool IsSettled => Next == _least.Length;

    /// <summary>The log-probability of the candidates that were chosen, nats.</summary>
    public double LogProbability { get; private set; }

    /// <summary>Whether the text says the length of each gap.</summary>
    public bool HasKnownLengths => _least.AsSpan().SequenceEqual(_most);

    /// <summary>The fewest and the most tokens of each gap.</summary>
    public (int Least, int Most)[] Limits => [.. _least.Zip(_most)];

    /// <summary>The tokens of each gap.</summary>
    public int[] Lengths => [.. _contents.Select(content => content.Length)];

    /// <summary>What may stand in the next gap: mask tokens, shorter ones first, or the ids of candidates.</summary>
    public int[][] Options()
    {
        if (_candidates is not null)
            return [.. _candidates.Select(candidate => _text.Encode(Next, candidate))];
        int most = (int)Math.Min(_most[Next], _least[Next] + _room);
        return [.. Enumerable.Range(_least[Next], most - _least[Next] + 1).Select(Masks)];
    }

    /// <summary>The row with the next gap filled by ids.</summary>
    public GapRow With(int[] content)
    {
        int[][] contents = [.. _contents];
        contents[Next] = content;
        MaskRest(contents, Next + 1, _room - (content.Length - _least[Next]));
        return _text.Lay(contents);
    }

    /// <summary>The row with every gap masked, in the middle of its range of lengths.</summary>
    public GapRow InMiddle()
    {
        var contents = new int[_least.Length][];
        MaskRest(contents, 0, _room);
        return _text.Lay(contents);
    }

    /// <summary>Settles the next gap.</summary>
    /// <param name="option">Its number in <see cref="Options"/>.</param>
    /// <param name="content">What stands in the gap.</param>
    /// <param name="logProbability">The log-probability of a candidate, nats; 0 for mask tokens.</param>
    public void Settle(int option, int[] content, double logProbability)
    {
        _room -= content.Length - _least[Next];
        _contents[Next] = content;
        if (_candidates is not null)
            _chosen[Next] = _candidates[option];
        LogProbability += logProbability;
        Next++;
    }

    /// <summary>The row as it is settled.</summary>
    public GapRow Row() => _text.Lay(_contents);

    /// <summary>The text with the chosen candidates.</summary>
    public string Fill() => _text.Fill(_chosen);

    /// <summary>The text with the ids of a row in its gaps.</summary>
    public string Fill(int[] filled, Range[] gaps) => _text.Fill([.. gaps.Select((gap, i) => _text.Decode(i, filled[gap]))]);

    // Masks gaps in the middle of their ranges, or fewer tokens where there is no room for so many.
    private void MaskRest(int[][] contents, int first, long room)
    {
        for (int gap = first; gap < contents.Length; gap++)
        {
            long most = Math.Max(_least[gap], _least[gap] + room);
            int length = (int)Math.Clamp(((long)_least[gap] + _most[gap]) / 2, _least[gap], most);
            contents[gap] = Masks(length);
            room -= length - _least[gap];
        }
    }

    private int[] Masks(int length)
    {
        var masks = new int[length];
        Array.Fill(masks, _maskTokenId);
        return masks;
    }
}

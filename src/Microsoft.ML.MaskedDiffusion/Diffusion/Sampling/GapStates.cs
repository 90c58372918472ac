namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>For each position of a row's gaps what may stand there, so that the bytes of each gap are UTF-8 together.</summary>
internal sealed class GapStates
{
    private readonly GapVocabulary _vocabulary;
    private readonly Range[] _gaps;
    private readonly byte[] _before, _after;
    private readonly int[] _gapOf;
    private readonly byte _first;

    // The position of a token that is a text's whole beginning; -1 where there is none.
    private readonly int _alone;
    private byte _final;

    /// <param name="request">The row, with its gaps.</param>
    /// <param name="length">Its number of tokens.</param>
    public GapStates(SamplingRequest request, int length)
    {
        _vocabulary = request.Vocabulary!;
        _gaps = [.. request.Gaps];
        (_first, _final) = (request.FirstStates, request.FinalStates);
        _alone = request.StartsText && _gaps[0].GetOffsetAndLength(length) is (int start, 1) ? start : -1;
        _before = new byte[length];
        _after = new byte[length];
        _gapOf = new int[length];
        for (int gap = 0; gap < _gaps.Length; gap++)
            _gapOf.AsSpan(_gaps[gap]).Fill(gap);
    }

    /// <summary>Looks at the row as it is.</summary>
    public void Follow(int[] tokens, int maskTokenId)
    {
        for (int gap = 0; gap < _gaps.Length; gap++)
            FollowGap(gap, tokens, maskTokenId);
    }

    /// <summary>Looks at the gap of a position that has changed.</summary>
    public void Follow(int[] tokens, int maskTokenId, int position) => FollowGap(_gapOf[position], tokens, maskTokenId);

    /// <summary>Whether a token may stand at a position.</summary>
    public bool Fits(int position, int id) =>
        _vocabulary.Fits(id, _before[position], _after[position]) && !(position == _alone && _vocabulary.Vanishes(id));

    /// <summary>The ids that may not stand at a position.</summary>
    public int[] Forbidden(int position) =>
        position == _alone ? _vocabulary.ForbiddenAlone : _vocabulary.Forbidden(_before[position], _after[position]);

    /// <summary>Whether the text may end before a position.</summary>
    /// <param name="position">The position.</param>
    /// <param name="isCut">Whether what stands after the position is then cut off, so that it need not be whole characters.</param>
    public bool MayEnd(int position, bool isCut) =>
        (_before[position] & (isCut ? GapVocabulary.Between : _after[position] & GapVocabulary.Between)) != 0;

    /// <summary>Lets the last gap end before a position.</summary>
    public void EndAt(int position)
    {
        _gaps[^1] = _gaps[^1].Start..Math.Max(position, _gaps[^1].Start.Value);
        _final = GapVocabulary.Between;
    }

    private void FollowGap(int gap, int[] tokens, int maskTokenId)
    {
        byte first = gap == 0 ? _first : GapVocabulary.Between, last = gap == _gaps.Length - 1 ? _final : GapVocabulary.Between;
        _vocabulary.Follow(tokens, _gaps[gap], maskTokenId, _before, _after, first, last);
    }
}

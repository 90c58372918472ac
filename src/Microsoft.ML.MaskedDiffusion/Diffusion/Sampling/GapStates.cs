namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>For each position of a row's gaps what may stand there, so that the bytes of each gap are UTF-8 together.</summary>
internal sealed class GapStates
{
    private readonly GapVocabulary _vocabulary;
    private readonly Range[] _gaps;
    private readonly byte[] _before, _after;
    private readonly int[] _gapOf;
    private readonly bool _beginsAnywhere;
    private bool _endsAnywhere;

    /// <param name="request">The row, with its gaps.</param>
    /// <param name="length">Its number of tokens.</param>
    public GapStates(SamplingRequest request, int length)
    {
        _vocabulary = request.Vocabulary!;
        _gaps = [.. request.Gaps];
        (_beginsAnywhere, _endsAnywhere) = (request.BeginsAnywhere, request.EndsAnywhere);
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
    public bool Fits(int position, int id) => _vocabulary.Fits(id, _before[position], _after[position]);

    /// <summary>The ids that may not stand at a position.</summary>
    public int[] Forbidden(int position) => _vocabulary.Forbidden(_before[position], _after[position]);

    /// <summary>Whether the text may end before a position.</summary>
    public bool MayEnd(int position) => (_before[position] & GapVocabulary.Between) != 0;

    /// <summary>Lets the last gap end before a position.</summary>
    public void EndAt(int position)
    {
        _gaps[^1] = _gaps[^1].Start..Math.Max(position, _gaps[^1].Start.Value);
        _endsAnywhere = false;
    }

    private void FollowGap(int gap, int[] tokens, int maskTokenId)
    {
        byte first = _beginsAnywhere && gap == 0 ? GapVocabulary.Anywhere : GapVocabulary.Between;
        byte last = _endsAnywhere && gap == _gaps.Length - 1 ? GapVocabulary.Anywhere : GapVocabulary.Between;
        _vocabulary.Follow(tokens, _gaps[gap], maskTokenId, _before, _after, first, last);
    }
}

namespace Microsoft.ML.MaskedDiffusion.Diffusion.Sampling;

/// <summary>For each position of a row's gaps what may stand there, so that the bytes of each gap are UTF-8 together.</summary>
internal sealed class GapStates
{
    private readonly GapVocabulary _vocabulary;
    private readonly Range[] _gaps;
    private readonly byte[] _before, _after;
    private readonly int[] _gapOf;

    public GapStates(GapVocabulary vocabulary, Range[] gaps, int length)
    {
        _vocabulary = vocabulary;
        _gaps = gaps;
        _before = new byte[length];
        _after = new byte[length];
        _gapOf = new int[length];
        for (int gap = 0; gap < gaps.Length; gap++)
            _gapOf.AsSpan(gaps[gap]).Fill(gap);
    }

    /// <summary>Looks at the row as it is.</summary>
    public void Follow(int[] tokens, int maskTokenId)
    {
        foreach (Range gap in _gaps)
            _vocabulary.Follow(tokens, gap, maskTokenId, _before, _after);
    }

    /// <summary>Looks at the gap of a position that has changed.</summary>
    public void Follow(int[] tokens, int maskTokenId, int position) =>
        _vocabulary.Follow(tokens, _gaps[_gapOf[position]], maskTokenId, _before, _after);

    /// <summary>Whether a token may stand at a position.</summary>
    public bool Fits(int position, int id) => _vocabulary.Fits(id, _before[position], _after[position]);
}

using System.Diagnostics;

namespace Microsoft.ML.MaskedDiffusion.Extensions.AI;

/// <summary>
/// The part of a text that nothing changes any more, while it is written. Where tokens stay once they are chosen, that is the text up to
/// the first masked position; where they can be masked again, it is the text of the blocks that are finished. White space at the ends
/// never belongs to it.
/// </summary>
/// <param name="tokensStay">Whether tokens stay once they are chosen.</param>
/// <param name="blockLength">Tokens of a block; null for one block of everything.</param>
internal sealed class FinalText(bool tokensStay, int? blockLength)
{
    private long _blockEnd = blockLength ?? long.MaxValue;
    private string _before = "", _final = "", _given = "";

    /// <summary>What has become final with a state, beside what was given for the states before it.</summary>
    public string NewIn(GenerationState state)
    {
        Follow(state);
        string shown = _final.Trim();
        if (!shown.StartsWith(_given, StringComparison.Ordinal))
            throw new UnreachableException($"The text that was given, \"{_given}\", became \"{shown}\".");
        string added = shown[_given.Length..];
        _given = shown;
        return added;
    }

    private void Follow(GenerationState state)
    {
        // A token behind a block says that the block was finished in the state before.
        int last = state.Changed.LastOrDefault(i => i < state.Tokens.Count && !state.Tokens[i].IsMasked, -1);
        if (last >= _blockEnd)
        {
            _final = _before;
            while (last >= _blockEnd)
                _blockEnd += blockLength!.Value;
        }
        _before = state.Text;
        if (tokensStay)
            _final = state.Text;
        if (state.Result is { } result)
            _final = result.Text;
    }
}

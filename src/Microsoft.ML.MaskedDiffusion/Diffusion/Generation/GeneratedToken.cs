namespace Microsoft.ML.MaskedDiffusion;

/// <summary>A token of a text that is being written.</summary>
/// <param name="Id">The id; -1 while the position is masked.</param>
/// <param name="Text">
/// The token's own text; empty while it is masked and at the end of the text. Bytes that are only a part of a character are written as
/// &lt;0xE2&gt;.
/// </param>
/// <param name="Probability">Its probability when it was chosen, 0 to 1; NaN while it is masked.</param>
/// <param name="Step">The row's step in which it was chosen, from 0; -1 while it is masked.</param>
/// <param name="TimesMasked">How often the position was masked again.</param>
public readonly record struct GeneratedToken(int Id, string Text, double Probability, int Step, int TimesMasked)
{
    /// <summary>Whether nothing is chosen yet.</summary>
    public bool IsMasked => Id < 0;
}

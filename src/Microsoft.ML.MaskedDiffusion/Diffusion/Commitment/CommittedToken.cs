namespace Microsoft.ML.MaskedDiffusion;

/// <summary>A token that the sampling of a row has chosen earlier, as <see cref="Remasking"/> sees it.</summary>
/// <param name="Position">The position in the row.</param>
/// <param name="Token">The token.</param>
/// <param name="Probability">Its probability when it was chosen, 0 to 1.</param>
/// <param name="Step">The step in which it was chosen, from 0.</param>
/// <param name="TimesMasked">How often the position has been masked again before.</param>
/// <param name="ProbedProbability">
/// Its probability in this step's probe, in which its group was masked; NaN where the position was in none.
/// </param>
/// <param name="Draw">A uniform draw from 0 to 1, of this position's own in this step.</param>
public readonly record struct CommittedToken(
    int Position,
    int Token,
    double Probability,
    int Step,
    int TimesMasked,
    double ProbedProbability,
    double Draw);

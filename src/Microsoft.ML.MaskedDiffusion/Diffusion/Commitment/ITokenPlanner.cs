namespace Microsoft.ML.MaskedDiffusion;

/// <summary>Rates tokens for <see cref="Remasking.PathPlanning"/>. Must be safe for several threads.</summary>
public interface ITokenPlanner
{
    /// <summary>How well each token fits into the row: higher is better, 0 to 1 where it shall compare with probabilities.</summary>
    /// <param name="tokens">The row, with candidates at the masked positions where there are any, and the mask token elsewhere.</param>
    /// <param name="positions">The positions of the tokens to rate.</param>
    /// <returns>A finite number for each position.</returns>
    IReadOnlyList<double> Rate(IReadOnlyList<int> tokens, IReadOnlyList<int> positions);
}

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What happens to a row that has more tokens than a sequence may have. It is never cut.</summary>
public enum RowOverflow
{
    /// <summary>The row is left out and counted in the log and in the result, as in SMDM's recipes.</summary>
    Skip,

    /// <summary>The training ends before its first step with an error that names the row.</summary>
    Throw,
}

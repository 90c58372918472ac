namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What happens to a row with more tokens than a sequence may have. It is never cut.</summary>
public enum RowOverflow
{
    /// <summary>It is left out and counted in the log and the result, as in SMDM's recipes.</summary>
    Skip,

    /// <summary>The training ends with an error that names the row before the first step is taken.</summary>
    Throw,
}

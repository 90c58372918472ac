namespace Microsoft.ML.MaskedDiffusion;

/// <summary>How a search draws the values of its trials.</summary>
public enum SearchSampler
{
    /// <summary>
    /// A Sobol sequence, shifted at random: trials fill the space evenly, so that few of them are alike (Sobol', 1967; direction numbers of
    /// Joe and Kuo, 2008).
    /// </summary>
    QuasiRandom,

    /// <summary>Independent and uniform (Bergstra and Bengio, 2012).</summary>
    Random,
}

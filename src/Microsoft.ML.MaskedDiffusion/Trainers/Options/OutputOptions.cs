namespace Microsoft.ML.MaskedDiffusion;

/// <summary>The columns that the trained transformer adds.</summary>
public sealed class OutputOptions
{
    /// <summary>The column of the negative log-likelihood bound in nats, Single. Default "NegativeLogLikelihood".</summary>
    public string NegativeLogLikelihoodColumnName { get; set; } = "NegativeLogLikelihood";

    /// <summary>The column of that bound's standard error in nats, Single. Default "NegativeLogLikelihoodStandardError".</summary>
    public string StandardErrorColumnName { get; set; } = "NegativeLogLikelihoodStandardError";

    /// <summary>The column of the number of tokens, Int32. Default "TokenCount".</summary>
    public string TokenCountColumnName { get; set; } = "TokenCount";

    internal OutputOptions Clone() => (OutputOptions)MemberwiseClone();
}

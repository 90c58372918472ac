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

    /// <summary>
    /// The column of nats per character of the scored text; null for none. Default "NegativeLogLikelihoodPerCharacter".
    /// </summary>
    public string? PerCharacterColumnName { get; set; } = "NegativeLogLikelihoodPerCharacter";

    /// <summary>The column of nats per UTF-8 byte of the scored text; null for none. Default "NegativeLogLikelihoodPerByte".</summary>
    public string? PerByteColumnName { get; set; } = "NegativeLogLikelihoodPerByte";

    internal OutputOptions Clone() => (OutputOptions)MemberwiseClone();
}

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What an option's log-likelihood is divided by before options are compared: long options are otherwise less likely for their length alone.</summary>
public enum ChoiceNormalization
{
    /// <summary>Nothing: nats.</summary>
    None,

    /// <summary>The option's Unicode characters: nats per character (lm-evaluation-harness's acc_norm).</summary>
    PerCharacter,

    /// <summary>The option's UTF-8 bytes: nats per byte (acc_bytes).</summary>
    PerByte,

    /// <summary>The option's tokens: nats per token.</summary>
    PerToken,
}

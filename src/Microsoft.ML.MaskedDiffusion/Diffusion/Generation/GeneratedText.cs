namespace Microsoft.ML.MaskedDiffusion;

/// <summary>What was written after a prompt. Immutable.</summary>
public sealed record GeneratedText
{
    /// <summary>
    /// The text, without the prompt. Where the prompt ends with a space, the text does not begin with one: together they have one.
    /// </summary>
    public required string Text { get; init; }

    /// <summary>Why the writing ended.</summary>
    public required FinishReason FinishReason { get; init; }

    /// <summary>The tokens of the text as they were written; the end of the text, and what a stop string cut off, are among them.</summary>
    public required IReadOnlyList<GeneratedToken> Tokens { get; init; }

    /// <summary>
    /// The sum of the logarithms of the tokens' probabilities, in nats, each when it was chosen and before temperature, top-k, top-p and
    /// min-p, or after them with <see cref="SamplingOptions.OrderSeesKeptTokens"/>. NaN where the prompt could not be used.
    /// </summary>
    public required double LogProbability { get; init; }

    /// <summary>Tokens of the prompt as the model saw it, with the beginning of the text.</summary>
    public required int PromptTokenCount { get; init; }

    /// <summary>Steps in which the network was asked about this row.</summary>
    public required int StepCount { get; init; }

    /// <summary>Rows that went through the network for this row, those of guidance and probes among them.</summary>
    public required int NetworkRowCount { get; init; }
}

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// The longest row that a <see cref="FineTuningReader"/> returns; longer ones are skipped and counted. SMDM has 2,048 tokens for ShareGPT
/// and 256 for GSM8K. Immutable.
/// </summary>
public sealed record LengthLimit
{
    /// <summary>Creates a limit.</summary>
    /// <param name="tokenizer">Counts the tokens of prompt and answer together.</param>
    /// <param name="maxTokens">The number of tokens of the longest row, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxTokens"/> is below 1.</exception>
    public LengthLimit(TextTokenizer tokenizer, int maxTokens)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (maxTokens < 1)
            throw new ArgumentOutOfRangeException(
                nameof(maxTokens), maxTokens, $"The length limit is {maxTokens} tokens; it must be at least 1.");
        Tokenizer = tokenizer;
        MaxTokens = maxTokens;
    }

    /// <summary>The tokenizer that counts the tokens.</summary>
    public TextTokenizer Tokenizer { get; }

    /// <summary>The number of tokens of the longest row.</summary>
    public int MaxTokens { get; }

    internal bool Allows(FineTuningRow row)
    {
        FineTuningTokens tokens = row.Encode(Tokenizer);
        return tokens.Prompt.Length + tokens.Answer.Length <= MaxTokens;
    }
}

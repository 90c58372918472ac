
namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// The longest row that a fine-tuning run takes; longer ones are skipped and counted. SMDM: 2048 tokens for ShareGPT, 256 for GSM8K.
/// </summary>
public sealed record LengthLimit
{
    /// <summary>Creates a limit.</summary>
    /// <param name="tokenizer">Counts the tokens of prompt and answer together.</param>
    /// <param name="maxTokens">Tokens of the longest row, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxTokens"/> is below 1.</exception>
    public LengthLimit(TextTokenizer tokenizer, int maxTokens)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (maxTokens < 1)
            throw new ArgumentOutOfRangeException(
                nameof(maxTokens), maxTokens, $"The length limit is {maxTokens} tokens, but must be at least 1.");
        Tokenizer = tokenizer;
        MaxTokens = maxTokens;
    }

    /// <summary>The tokenizer that counts.</summary>
    public TextTokenizer Tokenizer { get; }

    /// <summary>Tokens of the longest row.</summary>
    public int MaxTokens { get; }

    internal bool Allows(FineTuningRow row)
    {
        FineTuningTokens tokens = row.Encode(Tokenizer);
        return tokens.Prompt.Length + tokens.Answer.Length <= MaxTokens;
    }
}

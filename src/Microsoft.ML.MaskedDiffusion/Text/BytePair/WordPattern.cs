using System.Text.RegularExpressions;

namespace Microsoft.ML.MaskedDiffusion.Text.BytePair;

/// <summary>
/// Splits text into words as GPT-2 does, each with the space before it. Every character belongs to exactly one word. Matched through
/// <see cref="Patterns.SplitPattern.Gpt2"/>, which sees characters beyond the basic plane as what they are.
/// </summary>
internal static partial class WordPattern
{
    /// <summary>GPT-2's pattern, as tiktoken writes it.</summary>
    public const string Pattern = @"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    [GeneratedRegex(Pattern)]
    public static partial Regex Regex();
}

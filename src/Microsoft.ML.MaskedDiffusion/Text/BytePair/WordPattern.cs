using System.Text.RegularExpressions;

namespace Microsoft.ML.MaskedDiffusion.Text.BytePair;

/// <summary>GPT-2's split of text into words, each with the space before it. Every character is in exactly one word.</summary>
internal static partial class WordPattern
{
    [GeneratedRegex(@"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    public static partial Regex Regex();
}

using System.Text.RegularExpressions;

namespace Microsoft.ML.MaskedDiffusion.Text.BytePair;

/// <summary>Splits text into words as GPT-2 does, each with the space before it. Every character belongs to exactly one word.</summary>
internal static partial class WordPattern
{
    [GeneratedRegex(@"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    public static partial Regex Regex();
}

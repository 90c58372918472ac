using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.MaskedDiffusion.Text.Patterns;

/// <summary>
/// Splits text with GPT-2's pattern. The package's own class matches UTF-16 units, to which a letter beyond the basic plane is no letter.
/// </summary>
internal sealed class WordPreTokenizer : PreTokenizer
{
    public override IEnumerable<(int Offset, int Length)> PreTokenize(string text) => SplitPattern.Gpt2.Matches(text);

    public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text) => PreTokenize(text.ToString());
}

using System.Text;

namespace Microsoft.ML.Tokenizers;

public sealed class SentencePieceNormalizer(bool removeExtraWhiteSpaces, bool addDummyPrefix, bool escapeWhiteSpaces, bool treatWhitespaceAsSuffix,
    IReadOnlyDictionary<string, int>? specialTokens) : Normalizer
{
    internal const char Space = '\u2581';

    public bool RemoveExtraWhiteSpaces { get; } = removeExtraWhiteSpaces;

    public bool AddDummyPrefix { get; } = addDummyPrefix;

    public bool EscapeWhiteSpaces { get; } = escapeWhiteSpaces;

    public bool TreatWhitespaceAsSuffix { get; } = treatWhitespaceAsSuffix;

    public IReadOnlyDictionary<string, int>? SpecialTokens { get; } = specialTokens;

    public override string Normalize(string original) => string.IsNullOrEmpty(original) ? "" : Normalize(original.AsSpan());

    public override string Normalize(ReadOnlySpan<char> original)
    {
        if (RemoveExtraWhiteSpaces)
            original = original.Trim(' ');
        if (original.IsEmpty)
            return "";
        char space = EscapeWhiteSpaces ? Space : ' ';
        var result = new StringBuilder(original.Length + 1);
        if (AddDummyPrefix && !TreatWhitespaceAsSuffix)
            result.Append(space);
        char before = '\0';
        foreach (char character in original)
        {
            if (character != ' ')
                result.Append(character);
            else if (!RemoveExtraWhiteSpaces || before != ' ')
                result.Append(space);
            before = character;
        }
        if (AddDummyPrefix && TreatWhitespaceAsSuffix)
            result.Append(space);
        return result.ToString();
    }
}

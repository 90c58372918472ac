using System.Text.RegularExpressions;

namespace Microsoft.ML.Tokenizers;

public sealed class RegexPreTokenizer : PreTokenizer
{
    private readonly Regex _regex;
    private readonly Regex? _special;

    public RegexPreTokenizer(Regex regex, IReadOnlyDictionary<string, int>? specialTokens)
    {
        ArgumentNullException.ThrowIfNull(regex);
        _regex = regex;
        if (specialTokens is { Count: > 0 })
            _special = new Regex(string.Join('|', specialTokens.Keys.Select(Regex.Escape)), RegexOptions.Compiled);
    }

    public override IEnumerable<(int, int)> PreTokenize(string text) => string.IsNullOrEmpty(text) ? [] : Split(text);

    public override IEnumerable<(int, int)> PreTokenize(ReadOnlySpan<char> text) => Split(text);

    // What the pattern does not match is in no piece, as in the published class.
    private List<(int, int)> Split(ReadOnlySpan<char> text)
    {
        var pieces = new List<(int, int)>(text.Length / 4 + 1);
        int start = 0;
        if (_special is not null)
        {
            foreach (ValueMatch special in _special.EnumerateMatches(text))
            {
                Match(text, start, special.Index, pieces);
                pieces.Add((special.Index, special.Length));
                start = special.Index + special.Length;
            }
        }
        Match(text, start, text.Length, pieces);
        return pieces;
    }

    private void Match(ReadOnlySpan<char> text, int start, int end, List<(int, int)> pieces)
    {
        foreach (ValueMatch match in _regex.EnumerateMatches(text[start..end]))
            pieces.Add((start + match.Index, match.Length));
    }
}

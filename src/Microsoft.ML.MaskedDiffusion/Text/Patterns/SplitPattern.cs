using System.Text.RegularExpressions;
using Microsoft.ML.MaskedDiffusion.Text.BytePair;

namespace Microsoft.ML.MaskedDiffusion.Text.Patterns;

/// <summary>A pattern that finds words in a text as the Rust and Python libraries do, whatever plane its characters are of.</summary>
internal sealed class SplitPattern
{
    private readonly Regex _regex;
    private readonly StandIns _standIns;

    private SplitPattern(Regex regex, StandIns standIns)
    {
        _regex = regex;
        _standIns = standIns;
    }

    /// <summary>GPT-2's pattern.</summary>
    public static SplitPattern Gpt2 { get; } = new(WordPattern.Regex(), new StandIns(_ => false));

    /// <summary>Reads a pattern.</summary>
    /// <exception cref="FormatException">The pattern has a construct that is not supported; the message names it.</exception>
    public static SplitPattern Parse(string pattern, PatternDialect dialect)
    {
        (string translated, StandIns standIns) = PatternTranslator.Translate(pattern, dialect);
        try
        {
            return new SplitPattern(new Regex(translated, RegexOptions.CultureInvariant | RegexOptions.Compiled), standIns);
        }
        catch (ArgumentException e)
        {
            throw new FormatException($"its pattern '{pattern}' is no regular expression: {e.Message.TrimEnd('.')}", e);
        }
    }

    /// <summary>The offsets and lengths of the matches in a text, in their order. Empty matches are left out.</summary>
    public List<(int Offset, int Length)> Matches(string text)
    {
        var matches = new List<(int, int)>(text.Length / 4 + 1);
        var basic = new BasicPlaneText(text, _standIns);
        foreach (ValueMatch match in _regex.EnumerateMatches(basic.Text))
        {
            int start = basic.OffsetOf(match.Index);
            int end = basic.OffsetOf(match.Index + match.Length);
            if (end > start)
                matches.Add((start, end - start));
        }
        return matches;
    }
}

using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.ML.MaskedDiffusion.Text.BytePair;

namespace Microsoft.ML.MaskedDiffusion.Text.Patterns;

/// <summary>A pattern that finds words in a text as the Rust and Python libraries do, whatever plane its characters are of.</summary>
internal sealed class SplitPattern
{
    // A pattern such as (a|aa)+ tries as many ways as a text has subsets of its letters. One that cuts words is done in microseconds.
    private static readonly TimeSpan LongestMatch = TimeSpan.FromSeconds(4);

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
    /// <param name="pattern">The pattern.</param>
    /// <param name="dialect">Whose pattern it is.</param>
    /// <param name="longestMatch">How long it may take to find a match; null for four seconds.</param>
    /// <exception cref="FormatException">The pattern has a construct that is not supported; the message names it.</exception>
    public static SplitPattern Parse(string pattern, PatternDialect dialect, TimeSpan? longestMatch = null)
    {
        (string translated, StandIns standIns) = PatternTranslator.Translate(pattern, dialect);
        try
        {
            var regex = new Regex(translated, RegexOptions.CultureInvariant | RegexOptions.Compiled, longestMatch ?? LongestMatch);
            return new SplitPattern(regex, standIns);
        }
        // The exception's own message has the whole pattern.
        catch (RegexParseException e)
        {
            throw new FormatException(
                $"its pattern '{TextExcerpt.Of(pattern)}' is no regular expression: {e.Error} at character {e.Offset}", e);
        }
    }

    /// <summary>The offsets and lengths of the matches in a text, in their order. Empty matches are left out.</summary>
    /// <exception cref="InvalidDataException">The pattern is one that takes for ever on this text.</exception>
    public List<(int Offset, int Length)> Matches(string text)
    {
        var matches = new List<(int, int)>(text.Length / 4 + 1);
        var basic = new BasicPlaneText(text, _standIns);
        try
        {
            foreach (ValueMatch match in _regex.EnumerateMatches(basic.Text))
            {
                int start = basic.OffsetOf(match.Index);
                int end = basic.OffsetOf(match.Index + match.Length);
                if (end > start)
                    matches.Add((start, end - start));
            }
        }
        catch (RegexMatchTimeoutException e)
        {
            string limit = _regex.MatchTimeout.TotalSeconds.ToString(CultureInfo.InvariantCulture);
            throw new InvalidDataException("A pattern in the tokenizer's file (tokenizer.json or tiktoken.json) takes more than "
                + $"{limit} seconds to find a word in the text '{TextExcerpt.Of(text)}'. "
                + "Take the tokenizer from a source that you trust, or write the pattern without repetitions in repetitions.", e);
        }
        return matches;
    }
}

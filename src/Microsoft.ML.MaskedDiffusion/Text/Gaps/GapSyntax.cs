using System.Globalization;
using System.Text;
using Microsoft.ML.MaskedDiffusion.Text;
using Microsoft.ML.MaskedDiffusion.Text.Gaps;

namespace Microsoft.ML.MaskedDiffusion;

/// <summary>
/// How gaps are written in a text: <c>[MASK]</c> is a gap of one token, <c>[MASK*5]</c> a gap of five, <c>[MASK*2-8]</c> a gap of two to
/// eight, of which the model chooses one, and <c>[MASK*]</c> a gap of one to as many as an option allows. A backslash before a gap makes it
/// plain text. Backslashes right before a gap are halved, so that any text can be written. Everywhere else a backslash is a backslash.
/// </summary>
/// <remarks>Safe for several threads.</remarks>
public static class GapSyntax
{
    /// <summary>The most tokens that one gap may span.</summary>
    public const int MaximumSpan = 1_000_000;

    /// <summary>A gap of unknown length: 1 to <see cref="GapOptions.MaxGapLength"/> tokens.</summary>
    public const string UnknownGap = Opening + "*]";

    private const string Opening = "[MASK";

    /// <summary>Splits a text into plain pieces and gaps.</summary>
    /// <exception cref="FormatException">
    /// A gap spans 0 tokens or more than <see cref="MaximumSpan"/>, or at least more than at most.
    /// </exception>
    internal static List<MaskedTextSegment> Parse(string text)
    {
        var segments = new List<MaskedTextSegment>();
        var plain = new StringBuilder();
        int done = 0;
        for (int at = Find(text, 0, out int end); at >= 0; at = Find(text, end, out end))
        {
            int backslashes = CountBackslashes(text, at, done);
            plain.Append(text, done, at - backslashes - done).Append('\\', backslashes / 2);
            done = end;
            if (backslashes % 2 == 1)
            {
                plain.Append(text, at, end - at);
                continue;
            }
            if (plain.Length > 0)
                segments.Add(MaskedTextSegment.Plain(plain.ToString()));
            plain.Clear();
            segments.Add(new MaskedTextSegment(null, Span(text, at, end)));
        }
        plain.Append(text, done, text.Length - done);
        if (plain.Length > 0)
            segments.Add(MaskedTextSegment.Plain(plain.ToString()));
        return segments;
    }

    /// <summary>
    /// The text with a backslash before everything that would be read as a gap, so that all of it is plain text. Escape what users or files
    /// give before you join it with gaps; what fills the gaps gives the text back without these backslashes.
    /// </summary>
    /// <param name="text">Any text.</param>
    /// <param name="isBeforeGap">
    /// Whether a gap follows the text directly: backslashes at its end are doubled then, because the gap would be plain text after them.
    /// Default false.
    /// </param>
    /// <returns>The escaped text; the same string where it has nothing to escape.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is null.</exception>
    /// <example><c>GapSyntax.Escape("type [MASK] here")</c> is <c>type \[MASK] here</c>.</example>
    public static string Escape(string text, bool isBeforeGap = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        var escaped = new StringBuilder();
        int done = 0;
        for (int at = Find(text, 0, out int end); at >= 0; at = Find(text, end, out end))
        {
            int backslashes = CountBackslashes(text, at, done);
            escaped.Append(text, done, at - done).Append('\\', backslashes + 1).Append(text, at, end - at);
            done = end;
        }
        int last = isBeforeGap ? CountBackslashes(text, text.Length, done) : 0;
        return escaped.Length + last == 0
            ? text : escaped.Append(text, done, text.Length - done).Append('\\', last).ToString();
    }

    /// <summary>A gap as it is written: <c>[MASK]</c> for one token, <c>[MASK*5]</c> for five.</summary>
    /// <param name="tokenCount">Tokens of the gap, 1 to <see cref="MaximumSpan"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="tokenCount"/> is out of its range.</exception>
    public static string Gap(int tokenCount)
    {
        RequireSpan(tokenCount, 1, nameof(tokenCount));
        return tokenCount == 1 ? Opening + "]" : string.Create(CultureInfo.InvariantCulture, $"{Opening}*{tokenCount}]");
    }

    /// <summary>A gap of unknown length as it is written: <c>[MASK*2-8]</c> for two to eight tokens.</summary>
    /// <param name="minimum">The fewest tokens, 1 to <see cref="MaximumSpan"/>.</param>
    /// <param name="maximum">The most tokens, <paramref name="minimum"/> to <see cref="MaximumSpan"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public static string Gap(int minimum, int maximum)
    {
        RequireSpan(minimum, 1, nameof(minimum));
        RequireSpan(maximum, minimum, nameof(maximum));
        return string.Create(CultureInfo.InvariantCulture, $"{Opening}*{minimum}-{maximum}]");
    }

    private static void RequireSpan(int tokenCount, int least, string name)
    {
        if (tokenCount < least || tokenCount > MaximumSpan)
        {
            throw new ArgumentOutOfRangeException(
                name, tokenCount, $"A gap of {tokenCount} tokens cannot be written; it must be {least} to {MaximumSpan} tokens.");
        }
    }

    private static int Find(string text, int from, out int end)
    {
        int at = from;
        while ((at = text.IndexOf(Opening, at, StringComparison.Ordinal)) >= 0)
        {
            end = at + Opening.Length;
            if (end < text.Length && text[end] == '*')
                end = SkipSize(text, end + 1);
            if (end < text.Length && text[end++] == ']')
                return at;
            at += Opening.Length;
        }
        end = text.Length;
        return -1;
    }

    // Goes past a size: nothing, a number, or two numbers with a hyphen between them. What is no size ends before the closing bracket.
    private static int SkipSize(string text, int at)
    {
        int first = SkipDigits(text, at);
        if (first == at || first == text.Length || text[first] != '-')
            return first;
        int second = SkipDigits(text, first + 1);
        return second == first + 1 ? first : second;
    }

    private static int SkipDigits(string text, int at)
    {
        while (at < text.Length && char.IsAsciiDigit(text[at]))
            at++;
        return at;
    }

    private static int CountBackslashes(string text, int before, int from)
    {
        int count = 0;
        while (before - count > from && text[before - count - 1] == '\\')
            count++;
        return count;
    }

    private static GapSize Span(string text, int at, int end)
    {
        ReadOnlySpan<char> form = text.AsSpan(at, end - at);
        if (form.Length == Opening.Length + 1)
            return GapSize.Known(1);
        ReadOnlySpan<char> size = form[(Opening.Length + 1)..^1];
        if (size.IsEmpty)
            return GapSize.Unknown;
        int hyphen = size.IndexOf('-');
        int? least = Number(hyphen < 0 ? size : size[..hyphen]), most = hyphen < 0 ? least : Number(size[(hyphen + 1)..]);
        if (least is { } minimum && most is { } maximum && minimum <= maximum)
            return new GapSize(minimum, maximum);
        throw new FormatException($"The gap {TextExcerpt.Of(form.ToString(), 40)} at character {at} must span 1 to {MaximumSpan} tokens, "
            + "the smaller number first. Write a backslash before it if it is plain text.");
    }

    private static int? Number(ReadOnlySpan<char> digits) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int span) && span is >= 1 and <= MaximumSpan
            ? span : null;
}

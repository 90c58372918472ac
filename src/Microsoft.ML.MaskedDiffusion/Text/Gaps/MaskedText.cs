using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Gaps;

/// <summary>
/// A text with gaps (<see cref="GapSyntax"/>) as runs of ids with gaps between them, which remembers the text outside the gaps. A word's
/// token carries the space before it, so the network does not see one space before a gap: "The [MASK] sat" and "The[MASK] sat" are the same
/// three tokens. Immutable and thread-safe.
/// </summary>
internal sealed class MaskedText
{
    private readonly IReadOnlyList<MaskedTextSegment> _segments;
    private readonly TextTokenizer _tokenizer;

    // The ids before each gap, and those after the last.
    private readonly int[][] _runs;

    private MaskedText(IReadOnlyList<MaskedTextSegment> segments, TextTokenizer tokenizer, int[][] runs, GapSize[] sizes) =>
        (_segments, _tokenizer, _runs, Sizes) = (segments, tokenizer, runs, sizes);

    /// <summary>What each gap says of its length. Gaps with nothing between them are one.</summary>
    public IReadOnlyList<GapSize> Sizes { get; }

    /// <summary>The tokens of the text with its gaps as short as they may be.</summary>
    public long LeastLength => PlainLength + Sizes.Sum(size => size.Minimum);

    /// <summary>The tokens outside the gaps.</summary>
    public long PlainLength => _runs.Sum(run => (long)run.Length);

    /// <summary>The text outside the gaps, less the backslashes that kept plain text from being a gap.</summary>
    public string PlainText => string.Concat(_segments.Select(segment => segment.Text));

    /// <summary>Reads a text.</summary>
    /// <param name="text">The text with gaps.</param>
    /// <param name="start">The ids that begin a document.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <exception cref="FormatException">A gap has no size, or one that is too large.</exception>
    public static MaskedText Of(string text, ReadOnlySpan<int> start, TextTokenizer tokenizer)
    {
        List<MaskedTextSegment> segments = GapSyntax.Parse(text);
        List<int[]> runs = [];
        List<GapSize> sizes = [];
        List<int> run = [.. start];
        for (int i = 0; i < segments.Count; i++)
        {
            if (segments[i].Text is not { } plain)
            {
                if (i > 0 && segments[i - 1].Text is null)
                {
                    sizes[^1] += segments[i].Size;
                    continue;
                }
                sizes.Add(segments[i].Size);
                runs.Add([.. run]);
                run.Clear();
                continue;
            }
            if (i + 1 < segments.Count && plain.EndsWith(' '))
                plain = plain[..^1];
            run.AddRange(i == 0 ? tokenizer.Encode(plain) : tokenizer.EncodeInside(plain));
        }
        runs.Add([.. run]);
        return new MaskedText(segments, tokenizer, [.. runs], [.. sizes]);
    }

    /// <summary>The ids with each gap filled by what is given for it.</summary>
    public GapRow Lay(IReadOnlyList<int[]> gaps)
    {
        List<int> ids = [.. _runs[0]];
        var ranges = new Range[gaps.Count];
        for (int gap = 0; gap < gaps.Count; gap++)
        {
            ranges[gap] = ids.Count..(ids.Count + gaps[gap].Length);
            ids.AddRange(gaps[gap]);
            ids.AddRange(_runs[gap + 1]);
        }
        return new GapRow([.. ids], ranges, _segments is [{ Text: null }, ..]);
    }

    /// <summary>The ids of a text that stands in a gap, with the space that the plain text before the gap ends in.</summary>
    public int[] Encode(int gap, string text)
    {
        int segment = SegmentOf(gap);
        if (segment == 0)
            return _tokenizer.Encode(text);
        bool hasSpace = _segments[segment - 1].Text!.EndsWith(' ') && !text.StartsWith(' ');
        return _tokenizer.EncodeInside(hasSpace ? " " + text : text);
    }

    /// <summary>The text of the ids in a gap.</summary>
    public string Decode(int gap, int[] ids) => SegmentOf(gap) == 0 ? _tokenizer.Decode(ids) : _tokenizer.DecodeInside(ids);

    /// <summary>The text with its gaps filled. The text outside the gaps is that of the caller, character for character.</summary>
    /// <param name="chosen">The text in each gap.</param>
    public string Fill(IReadOnlyList<string> chosen)
    {
        var text = new StringBuilder();
        int gap = 0;
        for (int i = 0; i < _segments.Count; i++)
        {
            if (_segments[i].Text is { } plain)
            {
                text.Append(plain);
                continue;
            }
            if (i > 0 && _segments[i - 1].Text is null)
                continue;
            string filling = chosen[gap++];
            // The space before the gap and the one that the word brings are the same.
            bool hasSpace = text.Length > 0 && text[^1] == ' ' && filling.StartsWith(' ');
            text.Append(hasSpace ? filling[1..] : filling);
        }
        return text.ToString();
    }

    // The segment with which a gap begins.
    private int SegmentOf(int gap)
    {
        for (int i = 0; ; i++)
        {
            if (_segments[i].Text is null && (i == 0 || _segments[i - 1].Text is not null) && gap-- == 0)
                return i;
        }
    }
}

/// <summary>A text with gaps of known lengths.</summary>
/// <param name="Tokens">The ids of the row.</param>
/// <param name="Gaps">The gaps as ranges of them.</param>
/// <param name="StartsText">Whether the text begins with the first gap.</param>
internal sealed record GapRow(int[] Tokens, Range[] Gaps, bool StartsText = false);

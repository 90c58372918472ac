using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Gaps;

/// <summary>
/// A text with gaps (<see cref="GapSyntax"/>) as ids with mask tokens, which remembers the text outside the gaps. A word's token carries
/// the space before it, so the network does not see one space before a gap: "The [MASK] sat" and "The[MASK] sat" are the same three tokens.
/// Immutable and thread-safe.
/// </summary>
internal sealed class MaskedText
{
    private readonly IReadOnlyList<MaskedTextSegment> _segments;

    private MaskedText(IReadOnlyList<MaskedTextSegment> segments, int[] tokens, Range[] gaps) =>
        (_segments, Tokens, Gaps) = (segments, tokens, gaps);

    /// <summary>The ids, with the mask token in the gaps.</summary>
    public int[] Tokens { get; }

    /// <summary>The gaps as ranges of <see cref="Tokens"/>.</summary>
    public Range[] Gaps { get; }

    /// <summary>The text outside the gaps, less the backslashes that kept plain text from being a gap.</summary>
    public string PlainText => string.Concat(_segments.Select(segment => segment.Text));

    /// <summary>Reads a text.</summary>
    /// <param name="text">The text with gaps.</param>
    /// <param name="start">The ids that begin a document.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="maskTokenId">The mask token.</param>
    /// <exception cref="FormatException">A gap has no size, or one that is too large.</exception>
    public static MaskedText Of(string text, ReadOnlySpan<int> start, TextTokenizer tokenizer, int maskTokenId)
    {
        List<MaskedTextSegment> segments = GapSyntax.Parse(text);
        List<int> ids = [.. start];
        List<Range> gaps = [];
        for (int i = 0; i < segments.Count; i++)
        {
            int from = ids.Count;
            if (segments[i].Text is not { } plain)
            {
                ids.AddRange(Enumerable.Repeat(maskTokenId, segments[i].MaskCount));
                // Two gaps with nothing between them are one.
                if (i > 0 && segments[i - 1].Text is null)
                    gaps[^1] = gaps[^1].Start..ids.Count;
                else
                    gaps.Add(from..ids.Count);
                continue;
            }
            if (i + 1 < segments.Count && plain.EndsWith(' '))
                plain = plain[..^1];
            ids.AddRange(i == 0 ? tokenizer.Encode(plain) : tokenizer.EncodeInside(plain));
        }
        return new MaskedText(segments, [.. ids], [.. gaps]);
    }

    /// <summary>A text that is left as it is, gaps included.</summary>
    public static MaskedText Plain(string text) => new([new MaskedTextSegment(text, 0)], [], []);

    /// <summary>The text with its gaps filled. The text outside the gaps is that of the caller, character for character.</summary>
    /// <param name="filled">The ids, without mask tokens.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    public string Fill(int[] filled, TextTokenizer tokenizer)
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
            int[] ids = filled[Gaps[gap++]];
            string chosen = i == 0 ? tokenizer.Decode(ids) : tokenizer.DecodeInside(ids);
            // The space before the gap and the one that the word brings are the same.
            bool hasSpace = text.Length > 0 && text[^1] == ' ' && chosen.StartsWith(' ');
            text.Append(hasSpace ? chosen[1..] : chosen);
        }
        return text.ToString();
    }
}

/// <summary>A piece of plain text, or a gap of <see cref="MaskCount"/> tokens, whose <see cref="Text"/> is null.</summary>
internal readonly record struct MaskedTextSegment(string? Text, int MaskCount);

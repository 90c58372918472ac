using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Gaps;

/// <summary>
/// Text with gaps (<see cref="GapSyntax"/>) to ids with mask tokens and back. The tokens beside a gap are those the tokenizer gives the
/// text there. A word's token carries the space before it, so one space before a gap belongs to the gap: "The [MASK] sat" and "The[MASK]
/// sat" are the same three tokens. Ids made by <see cref="Encode"/> survive <see cref="Decode"/> and <see cref="Encode"/>. Thread-safe.
/// </summary>
internal sealed class MaskedTextEncoding(TextTokenizer tokenizer, int maskTokenId)
{
    /// <summary>Ids of the text, with <c>maskTokenId</c> in the gaps and without beginning and end of sequence.</summary>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<MaskedTextSegment> segments = GapSyntax.Parse(text);
        var ids = new List<int>();
        for (int i = 0; i < segments.Count; i++)
        {
            if (segments[i].Text is not { } plain)
            {
                ids.AddRange(Enumerable.Repeat(maskTokenId, segments[i].MaskCount));
                continue;
            }
            if (i + 1 < segments.Count && plain.EndsWith(' '))
                plain = plain[..^1];
            ids.AddRange(i == 0 ? tokenizer.Encode(plain) : tokenizer.EncodeInside(plain));
        }
        return [.. ids];
    }

    /// <summary>The text of ids, with gaps written as <c>[MASK]</c> and <c>[MASK*n]</c>.</summary>
    public string Decode(IReadOnlyList<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var text = new StringBuilder();
        for (int start = 0, end; start < ids.Count; start = end)
        {
            bool gap = ids[start] == maskTokenId;
            for (end = start + 1; end < ids.Count && ids[end] == maskTokenId == gap;)
                end++;
            if (gap)
            {
                // Encode removes one space before a gap, so put it back; after a line break there was none.
                if (text.Length > 0 && (text[^1] == ' ' || !char.IsWhiteSpace(text[^1])))
                    text.Append(' ');
                text.Append(GapSyntax.Gap(end - start));
                continue;
            }
            int[] run = new int[end - start];
            for (int i = start; i < end; i++)
                run[i - start] = ids[i];
            text.Append(GapSyntax.Escape(start == 0 ? tokenizer.Decode(run) : tokenizer.DecodeInside(run)));
        }
        return text.ToString();
    }
}

/// <summary>A piece of plain text, or a gap of <see cref="MaskCount"/> tokens, whose <see cref="Text"/> is null.</summary>
internal readonly record struct MaskedTextSegment(string? Text, int MaskCount);

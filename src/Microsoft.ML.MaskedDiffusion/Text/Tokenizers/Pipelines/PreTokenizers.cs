using System.Globalization;
using System.Text;
using Microsoft.ML.MaskedDiffusion.Text.Patterns;
using Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Normalization;

namespace Microsoft.ML.MaskedDiffusion.Text.Tokenizers.Pipelines;

/// <summary>Several pre-tokenizers, one after the other.</summary>
internal sealed class PreTokenizerSequence(IReadOnlyList<IPreTokenizer> steps) : IPreTokenizer
{
    public void Split(TextPiece piece, bool startsText, List<TextPiece> pieces)
    {
        List<TextPiece> current = [piece];
        foreach (IPreTokenizer step in steps)
        {
            var next = new List<TextPiece>(current.Count);
            foreach (TextPiece part in current)
                step.Split(part, startsText, next);
            current = next;
        }
        pieces.AddRange(current);
    }
}

/// <summary>Splits at matches.</summary>
/// <param name="find">The offsets and lengths of the matches in a text.</param>
/// <param name="behavior">What becomes of the matches.</param>
/// <param name="invert">Whether what lies between the matches is taken for the matches.</param>
internal sealed class SplitPreTokenizer(Func<string, List<(int Offset, int Length)>> find, SplitBehavior behavior, bool invert = false)
    : IPreTokenizer
{
    public void Split(TextPiece piece, bool startsText, List<TextPiece> pieces)
    {
        var parts = new List<(int Start, int End, bool IsMatch)>();
        int done = 0;
        foreach ((int offset, int length) in find(piece.Text))
        {
            if (offset > done)
                parts.Add((done, offset, invert));
            parts.Add((offset, offset + length, !invert));
            done = offset + length;
        }
        if (done < piece.Text.Length)
            parts.Add((done, piece.Text.Length, invert));
        foreach ((int start, int end) in Join(parts))
            pieces.Add(start == 0 && end == piece.Text.Length ? piece : new TextPiece(piece.Text[start..end], piece.First && start == 0));
    }

    /// <summary>A search for single characters.</summary>
    public static Func<string, List<(int Offset, int Length)>> Characters(Func<Rune, bool> isMatch) => text =>
    {
        var matches = new List<(int, int)>();
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (isMatch(rune))
                matches.Add((at, rune.Utf16SequenceLength));
            at += rune.Utf16SequenceLength;
        }
        return matches;
    };

    /// <summary>A search for a string.</summary>
    public static Func<string, List<(int Offset, int Length)>> Literal(string found) => text =>
    {
        var matches = new List<(int, int)>();
        for (int at = 0; (at = text.IndexOf(found, at, StringComparison.Ordinal)) >= 0; at += found.Length)
            matches.Add((at, found.Length));
        return matches;
    };

    private List<(int Start, int End)> Join(List<(int Start, int End, bool IsMatch)> parts)
    {
        var joined = new List<(int Start, int End)>(parts.Count);
        bool before = false;
        switch (behavior)
        {
            case SplitBehavior.Isolated:
                joined.AddRange(parts.Select(part => (part.Start, part.End)));
                break;
            case SplitBehavior.Removed:
                joined.AddRange(parts.Where(part => !part.IsMatch).Select(part => (part.Start, part.End)));
                break;
            case SplitBehavior.Contiguous:
                foreach ((int start, int end, bool isMatch) in parts)
                {
                    if (isMatch == before && joined.Count > 0)
                        joined[^1] = (joined[^1].Start, end);
                    else
                        joined.Add((start, end));
                    before = isMatch;
                }
                break;
            case SplitBehavior.MergedWithPrevious:
                foreach ((int start, int end, bool isMatch) in parts)
                {
                    if (isMatch && !before && joined.Count > 0)
                        joined[^1] = (joined[^1].Start, end);
                    else
                        joined.Add((start, end));
                    before = isMatch;
                }
                break;
            case SplitBehavior.MergedWithNext:
                for (int i = parts.Count - 1; i >= 0; i--)
                {
                    (int start, int end, bool isMatch) = parts[i];
                    if (isMatch && !before && joined.Count > 0)
                        joined[^1] = (start, joined[^1].End);
                    else
                        joined.Add((start, end));
                    before = isMatch;
                }
                joined.Reverse();
                break;
        }
        return joined;
    }
}

/// <summary>Writes the bytes of a text in GPT-2's alphabet, after splitting it by GPT-2's pattern if asked for.</summary>
internal sealed class ByteLevelPreTokenizer(bool addPrefixSpace, bool split) : IPreTokenizer
{
    public void Split(TextPiece piece, bool startsText, List<TextPiece> pieces)
    {
        string text = piece.Text;
        if (addPrefixSpace && !text.StartsWith(' ') && (startsText || !piece.First))
            text = " " + text;
        if (!split)
        {
            pieces.Add(Bytes(text, piece.First));
            return;
        }
        foreach ((int offset, int length) in SplitPattern.Gpt2.Matches(text))
            pieces.Add(Bytes(text.Substring(offset, length), piece.First && offset == 0));
    }

    private static TextPiece Bytes(string text, bool first) =>
        new(ByteLevelAlphabet.ToText(Encoding.UTF8.GetBytes(text)), text, first);
}

/// <summary>SentencePiece's escape of white space, with a marker before the text or each piece, and splitting at the markers.</summary>
internal sealed class MetaspacePreTokenizer(char marker, MarkerPlace place, bool split) : IPreTokenizer
{
    private readonly SplitPreTokenizer _splitter = new(SplitPreTokenizer.Literal(marker.ToString()), SplitBehavior.MergedWithNext);

    public void Split(TextPiece piece, bool startsText, List<TextPiece> pieces)
    {
        string text = piece.Text.Replace(' ', marker);
        bool wanted = place == MarkerPlace.Always || (place == MarkerPlace.First && piece.First);
        if (wanted && !text.StartsWith(marker) && (startsText || !piece.First))
            text = marker + text;
        var marked = new TextPiece(text, piece.First);
        if (split)
            _splitter.Split(marked, startsText, pieces);
        else
            pieces.Add(marked);
    }
}

/// <summary>Where <see cref="MetaspacePreTokenizer"/> puts a marker that the text does not have.</summary>
internal enum MarkerPlace
{
    Never,
    First,
    Always,
}

/// <summary>Classes of characters by which pre-tokenizers split.</summary>
internal static class CharacterClasses
{
    public static bool IsPunctuation(Rune rune) => CharacterSet.Punctuation.Contains(rune);

    public static bool IsNumber(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    /// <summary>Whether \w of Rust's regular expressions matches: letters, marks, digits, connectors, joiners, circled letters.</summary>
    public static bool IsWord(Rune rune) => Rune.IsLetter(rune) || Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
            or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation
        || rune.Value is 0x200C or 0x200D or (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169)
            or (>= 0x1F170 and <= 0x1F189);

    /// <summary>Runs of word characters, and runs of what is neither word nor white space.</summary>
    public static List<(int Offset, int Length)> WordsAndSigns(string text)
    {
        var runs = new List<(int Offset, int Length)>();
        int at = 0, before = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            int kind = IsWord(rune) ? 1 : Rune.IsWhiteSpace(rune) ? 0 : 2;
            if (kind > 0 && kind == before)
                runs[^1] = (runs[^1].Offset, runs[^1].Length + rune.Utf16SequenceLength);
            else if (kind > 0)
                runs.Add((at, rune.Utf16SequenceLength));
            before = kind;
            at += rune.Utf16SequenceLength;
        }
        return runs;
    }
}

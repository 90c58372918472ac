using System.Globalization;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Patterns;

/// <summary>
/// A text in which each character beyond the basic plane is replaced by one UTF-16 unit of the same general category, and the way back to
/// the offsets of the text itself. .NET's regular expressions see such a character as two surrogates, which are no letters; those of the
/// Rust and Python libraries see the character.
/// </summary>
internal readonly struct BasicPlaneText
{
    // For each unit of Text, and its end, the offset in the given text; null where the two are the same.
    private readonly int[]? _offsets;

    public BasicPlaneText(string text, StandIns standIns)
    {
        Text = text;
        if (text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
            return;
        var changed = new StringBuilder(text.Length);
        _offsets = new int[text.Length + 1];
        for (int at = 0; at < text.Length;)
        {
            _offsets[changed.Length] = at;
            if (Rune.TryGetRuneAt(text, at, out Rune rune) && !rune.IsBmp)
            {
                changed.Append(standIns.For(Rune.GetUnicodeCategory(rune)));
                at += 2;
                continue;
            }
            // A lone surrogate is encoded as the replacement character, so it is cut like one.
            changed.Append(char.IsSurrogate(text[at]) ? '\uFFFD' : text[at]);
            at++;
        }
        _offsets[changed.Length] = text.Length;
        Text = changed.ToString();
    }

    /// <summary>The text to match.</summary>
    public string Text { get; }

    /// <summary>The offset in the given text of an offset in <see cref="Text"/>.</summary>
    public int OffsetOf(int at) => _offsets is null ? at : _offsets[at];
}

/// <summary>One unit of the basic plane for each general category, none of which a pattern names itself.</summary>
internal sealed class StandIns
{
    // Of these categories there is no character beyond the basic plane.
    private static readonly UnicodeCategory[] BasicOnly =
    [
        UnicodeCategory.TitlecaseLetter, UnicodeCategory.SpaceSeparator, UnicodeCategory.LineSeparator, UnicodeCategory.ParagraphSeparator,
        UnicodeCategory.Control, UnicodeCategory.Surrogate,
    ];

    private readonly char[] _units = new char[30];

    /// <summary>Finds the units.</summary>
    /// <param name="isNamed">Whether a pattern names a unit, alone or in a range.</param>
    public StandIns(Func<char, bool> isNamed)
    {
        int missing = _units.Length;
        // From U+0250 on no letter is related to an ASCII letter by its case, but for a few that patterns name.
        for (int unit = 0x250; unit <= 0xFFFF && missing > 0; unit++)
        {
            int category = (int)CharUnicodeInfo.GetUnicodeCategory((char)unit);
            if (_units[category] != 0 || isNamed((char)unit) || unit == 0x212A)
                continue;
            _units[category] = (char)unit;
            missing--;
        }
    }

    /// <summary>Whether every category that has characters beyond the basic plane has a unit.</summary>
    public bool Complete
    {
        get
        {
            for (int category = 0; category < _units.Length; category++)
            {
                if (_units[category] == '\0' && !BasicOnly.Contains((UnicodeCategory)category))
                    return false;
            }
            return true;
        }
    }

    /// <summary>The unit that stands for the characters of a category beyond the basic plane.</summary>
    public char For(UnicodeCategory category) => _units[(int)category] is '\0' ? '\uFFFD' : _units[(int)category];
}

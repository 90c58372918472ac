using System.Globalization;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Patterns;

/// <summary>
/// Rewrites a pattern of the Rust and Python tokenizer libraries as a .NET regular expression that finds the same matches in a
/// <see cref="BasicPlaneText"/>. What it does not know to rewrite exactly it refuses by name.
/// </summary>
internal sealed class PatternTranslator
{
    private static readonly HashSet<string> Categories = new(StringComparer.Ordinal)
    {
        "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po",
        "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf", "Co", "Cn",
    };

    // Patterns of published tokenizers have a handful; a damaged file may have as many as the stack cannot hold.
    private const int MostLevels = 100, MostShown = 300;

    private readonly string _pattern;
    private readonly PatternDialect _dialect;
    private readonly StringBuilder _output = new();
    private readonly List<(char Low, char High)> _named = [];
    private int _at, _levels;

    private PatternTranslator(string pattern, PatternDialect dialect)
    {
        _pattern = pattern;
        _dialect = dialect;
    }

    /// <summary>Rewrites a pattern; also finds units that can stand for characters beyond the basic plane.</summary>
    /// <exception cref="FormatException">The pattern has a construct that is not supported; the message names it.</exception>
    public static (string Pattern, StandIns StandIns) Translate(string pattern, PatternDialect dialect)
    {
        var translator = new PatternTranslator(pattern, dialect);
        translator.Alternatives(ignoreCase: false);
        if (translator._at < pattern.Length)
            throw translator.Unsupported("a closing parenthesis without an opening one");
        var standIns = new StandIns(unit => translator._named.Exists(range => range.Low <= unit && unit <= range.High));
        if (!standIns.Complete)
            throw translator.Unsupported("a range that leaves no character to stand for those beyond the basic plane");
        return (translator._output.ToString(), standIns);
    }

    private void Alternatives(bool ignoreCase)
    {
        char before = '\0';
        while (_at < _pattern.Length && _pattern[_at] != ')')
        {
            if (_pattern[_at] == '|')
            {
                _output.Append(_pattern[_at++]);
                before = '\0';
                continue;
            }
            int start = _output.Length;
            before = Atom(ignoreCase, before);
            Quantifiers(start);
        }
    }

    // Returns the ASCII letter that the atom is, or 0, because some pairs of letters also match one character when case is ignored.
    private char Atom(bool ignoreCase, char before)
    {
        char unit = _pattern[_at++];
        switch (unit)
        {
            case '(':
                Group(ignoreCase);
                return '\0';
            case '[':
                Class(ignoreCase);
                return '\0';
            case '.':
                _output.Append("[^\\n]");
                return '\0';
            case '$' when _dialect == PatternDialect.Tiktoken:
                _output.Append("\\z");
                return '\0';
            case '^' or '$':
                throw Unsupported($"the anchor {unit}");
            case '*' or '+' or '?':
                throw Unsupported($"the quantifier {unit} after nothing");
            case '\\':
                if (Escape() is not { } literal)
                    return '\0';
                unit = literal;
                break;
        }
        Name(unit, unit);
        if (!ignoreCase)
        {
            _output.Append(Literal(unit));
            return '\0';
        }
        if (unit > 0x7F && char.IsLetter(unit))
            throw Unsupported($"the letter '{unit}' with its case ignored");
        string pair = $"{char.ToLowerInvariant(before)}{char.ToLowerInvariant(unit)}";
        if (pair is "ss" or "st" or "ff" or "fi" or "fl")
            throw Unsupported($"the letters '{pair}' with their case ignored");
        string cases = Cases(unit);
        _output.Append(cases.Length == 1 ? Literal(unit) : $"[{cases}]");
        return unit;
    }

    private void Group(bool ignoreCase)
    {
        if (++_levels > MostLevels)
            throw Unsupported($"groups in more than {MostLevels} others");
        string opening = "(?:";
        if (_at < _pattern.Length && _pattern[_at] == '?')
        {
            string[] known = ["?i:", "?:", "?=", "?!", "?>"];
            string found = known.FirstOrDefault(form => string.CompareOrdinal(_pattern, _at, form, 0, form.Length) == 0)
                ?? throw Unsupported($"the group ({_pattern.AsSpan(_at, Math.Min(4, _pattern.Length - _at))}...");
            _at += found.Length;
            ignoreCase |= found == "?i:";
            opening = found == "?i:" ? "(?:" : "(" + found;
        }
        _output.Append(opening);
        Alternatives(ignoreCase);
        if (_at >= _pattern.Length)
            throw Unsupported("a group that does not end");
        _at++;
        _levels--;
        _output.Append(')');
    }

    private void Quantifiers(int start)
    {
        while (_at < _pattern.Length)
        {
            char unit = _pattern[_at];
            string quantifier;
            if (unit is '*' or '+' or '?')
            {
                quantifier = unit.ToString();
                _at++;
            }
            else if (unit == '{')
                quantifier = Interval();
            else
                return;
            bool interval = quantifier[0] == '{';
            if (_at < _pattern.Length && _pattern[_at] == '?')
            {
                if (interval)
                    throw Unsupported("the quantifier {...}?");
                _at++;
                _output.Append(quantifier).Append('?');
                return;
            }
            bool possessive = _at < _pattern.Length && _pattern[_at] == '+';
            // In the dialect of tokenizer.json a plus after {n,m} repeats what is before it; tiktoken's never gives back.
            if (possessive && interval && _dialect == PatternDialect.HuggingFace)
                throw Unsupported("the quantifier {...}+");
            if (possessive)
                _at++;
            _output.Append(quantifier);
            if (possessive)
                _output.Insert(start, "(?>").Append(')');
        }
    }

    private string Interval()
    {
        int end = _pattern.IndexOf('}', _at);
        string text = end < 0 ? _pattern[_at..] : _pattern[_at..(end + 1)];
        string[] numbers = text.Trim('{', '}').Split(',');
        if (end < 0 || numbers.Length > 2 || numbers[0].Length == 0 || numbers.Any(number => !number.All(char.IsAsciiDigit)))
            throw Unsupported($"the quantifier {TextExcerpt.Of(text)}");
        _at = end + 1;
        return text;
    }

    private void Class(bool ignoreCase)
    {
        _output.Append('[');
        if (_at < _pattern.Length && _pattern[_at] == '^')
        {
            _output.Append('^');
            _at++;
        }
        int start = _at;
        while (true)
        {
            if (_at >= _pattern.Length)
                throw Unsupported("a class [ that does not end");
            char unit = _pattern[_at++];
            if (unit == ']' && _at - 1 > start)
                break;
            if (unit is '[' or ']' || (unit == '&' && _at < _pattern.Length && _pattern[_at] == '&'))
                throw Unsupported($"'{unit}' inside a class");
            if (unit == '\\')
            {
                if (Escape() is not { } literal)
                    continue;
                unit = literal;
            }
            char high = unit;
            if (_at + 1 < _pattern.Length && _pattern[_at] == '-' && _pattern[_at + 1] != ']')
            {
                _at++;
                high = _pattern[_at++];
                if (high == '\\')
                    high = Escape() ?? throw Unsupported("a range that ends with a class");
                if (high < unit || high == '[')
                    throw Unsupported($"the range {unit}-{high}");
            }
            Name(unit, high);
            AddRange(unit, high, ignoreCase);
        }
        _output.Append(']');
    }

    private void AddRange(char low, char high, bool ignoreCase)
    {
        _output.Append(Literal(low));
        if (high > low)
            _output.Append('-').Append(Literal(high));
        if (!ignoreCase)
            return;
        if (high > 0x7F)
            throw Unsupported($"the range {low}-{high} with its case ignored");
        for (int unit = low; unit <= high; unit++)
            _output.Append(char.IsAsciiLetter((char)unit) ? Cases((char)unit) : "");
    }

    // Writes a class and returns null, or returns the literal that the escape stands for.
    private char? Escape()
    {
        if (_at >= _pattern.Length)
            throw Unsupported("a backslash at the end");
        char unit = _pattern[_at++];
        switch (unit)
        {
            case 's' or 'S' or 'd' or 'D':
                _output.Append('\\').Append(unit);
                return null;
            case 'p' or 'P':
                Category(unit);
                return null;
            case 'r':
                return '\r';
            case 'n':
                return '\n';
            case 't':
                return '\t';
            case 'f':
                return '\f';
            case 'v':
                return '\v';
            case 'u':
                return Hexadecimal(4);
            case 'x':
                return Hexadecimal(2);
        }
        return char.IsAsciiLetterOrDigit(unit) ? throw Unsupported($"\\{unit}") : unit;
    }

    private void Category(char unit)
    {
        int end = _at < _pattern.Length && _pattern[_at] == '{' ? _pattern.IndexOf('}', _at) : -1;
        string name = end < 0 ? _pattern[_at..Math.Min(_at + 1, _pattern.Length)] : _pattern[(_at + 1)..end];
        if (end < 0 || !Categories.Contains(name))
            throw Unsupported($"\\{unit}{{{name}}}, which is no general category of Unicode");
        _at = end + 1;
        _output.Append('\\').Append(unit).Append('{').Append(name).Append('}');
    }

    private char Hexadecimal(int digits)
    {
        int end = _at + digits;
        string text = end <= _pattern.Length ? _pattern[_at..end] : "";
        if (text.StartsWith('{') || (_at < _pattern.Length && _pattern[_at] == '{'))
        {
            int close = _pattern.IndexOf('}', _at);
            text = close < 0 ? "" : _pattern[(_at + 1)..close];
            end = close + 1;
        }
        if (!int.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value) || value > 0xFFFF)
            throw Unsupported($"the character number '{TextExcerpt.Of(text)}'");
        _at = end;
        return (char)value;
    }

    private void Name(char low, char high)
    {
        if (char.IsSurrogate(low) || char.IsSurrogate(high))
            throw Unsupported("a character beyond the basic plane");
        _named.Add((low, high));
    }

    private static string Cases(char unit) => !char.IsAsciiLetter(unit) ? unit.ToString() : char.ToLowerInvariant(unit) switch
    {
        's' => "sS\u017F",
        'k' => "kK\u212A",
        char lower => $"{lower}{char.ToUpperInvariant(lower)}",
    };

    private static string Literal(char unit) =>
        char.IsAsciiLetterOrDigit(unit) ? unit.ToString() : string.Create(CultureInfo.InvariantCulture, $"\\u{(int)unit:X4}");

    private FormatException Unsupported(string what) =>
        new($"its pattern '{TextExcerpt.Of(_pattern, MostShown)}' has {what}, which is not supported");
}

/// <summary>Whose regular expressions a pattern is written for.</summary>
internal enum PatternDialect
{
    /// <summary>Those of tokenizer.json, in the syntax of Ruby.</summary>
    HuggingFace,

    /// <summary>Those of tiktoken, in the syntax of Rust with possessive quantifiers.</summary>
    Tiktoken,
}

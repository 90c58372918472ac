using System.Globalization;
using System.Text;

namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>Cuts what stands in a tag into names, literals and operators.</summary>
internal sealed class JinjaTagScanner(string source, JinjaErrors errors, List<JinjaToken> tokens)
{
    private static readonly string[] LongOperators = ["//", "**", "==", "!=", ">=", "<="];

    private const string ShortOperators = "+-/*%~[](){}<>=.:|,";

    /// <summary>Adds the piece that begins at a place, which is no white space.</summary>
    /// <returns>The place behind it.</returns>
    public int Read(int at, int line)
    {
        char first = source[at];
        if (char.IsLetter(first) || first == '_')
            return AddWhile(at, line, JinjaTokenKind.Name, character => char.IsLetterOrDigit(character) || character == '_');
        if (char.IsAsciiDigit(first))
            return ReadNumber(at, line);
        if (first is '\'' or '"')
            return ReadString(at, line);
        string? found = LongOperators.FirstOrDefault(text => source.AsSpan(at).StartsWith(text));
        if (found is null && ShortOperators.Contains(first))
            found = first.ToString();
        if (found is null)
            throw errors.Bad(line, $"the character '{TextExcerpt.Of(source.Substring(at, 1))}' has no meaning in a tag");
        tokens.Add(new JinjaToken(JinjaTokenKind.Operator, found, line));
        return at + found.Length;
    }

    private int AddWhile(int at, int line, JinjaTokenKind kind, Func<char, bool> belongs)
    {
        int end = at;
        while (end < source.Length && belongs(source[end]))
            end++;
        tokens.Add(new JinjaToken(kind, source[at..end], line));
        return end;
    }

    private int ReadNumber(int at, int line)
    {
        int end = AddWhile(at, line, JinjaTokenKind.Integer, char.IsAsciiDigit);
        bool hasFraction = end + 1 < source.Length && source[end] == '.' && char.IsAsciiDigit(source[end + 1]);
        if (hasFraction)
        {
            int last = AddWhile(end + 1, line, JinjaTokenKind.Integer, char.IsAsciiDigit);
            tokens.RemoveRange(tokens.Count - 2, 2);
            tokens.Add(new JinjaToken(JinjaTokenKind.Float, source[at..last], line));
            end = last;
        }
        if (end < source.Length && (char.IsLetter(source[end]) || source[end] == '_'))
            throw errors.Unsupported(line, $"the number '{TextExcerpt.Of(source[at..(end + 1)])}'");
        return end;
    }

    private int ReadString(int at, int line)
    {
        char quote = source[at];
        var text = new StringBuilder();
        int i = at + 1;
        while (i < source.Length && source[i] != quote)
        {
            if (source[i] == '\\' && i + 1 < source.Length)
                i = ReadEscape(i + 1, line, text);
            else
                text.Append(source[i++]);
        }
        if (i >= source.Length)
            throw errors.Bad(line, $"the text that begins with {quote} has no end");
        tokens.Add(new JinjaToken(JinjaTokenKind.String, text.ToString(), line));
        return i + 1;
    }

    private int ReadEscape(int at, int line, StringBuilder text)
    {
        char escape = source[at];
        switch (escape)
        {
            case 'x':
                return ReadCode(at, 2, line, text);
            case 'u':
                return ReadCode(at, 4, line, text);
            case 'U' or 'N' or (>= '0' and <= '7'):
                throw errors.Unsupported(line, $"the escape '\\{escape}'");
            case '\n':
                return at + 1;
        }
        int known = "nrtabfv\\'\"".IndexOf(escape);
        // A backslash before anything else is one, as in Python.
        if (known < 0)
            text.Append('\\').Append(escape);
        else
            text.Append("\n\r\t\a\b\f\v\\'\""[known]);
        return at + 1;
    }

    private int ReadCode(int at, int digits, int line, StringBuilder text)
    {
        string code = source.Substring(at + 1, Math.Min(digits, source.Length - at - 1));
        bool isCode = code.Length == digits && ushort.TryParse(code, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _);
        if (!isCode || char.IsSurrogate((char)Convert.ToUInt16(code, 16)))
            throw errors.Bad(line, $"'\\{source[at]}{TextExcerpt.Of(code)}' is no character");
        text.Append((char)Convert.ToUInt16(code, 16));
        return at + 1 + digits;
    }
}

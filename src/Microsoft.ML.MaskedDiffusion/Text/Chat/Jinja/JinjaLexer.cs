namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>
/// Cuts a template into its pieces. White space around statements goes as transformers has it: the line break after a statement or comment
/// is left out (trim_blocks), and so is what indents one (lstrip_blocks); a minus sign takes all white space on its side, a plus sign
/// leaves all. A line break at the end of the template is left out.
/// </summary>
internal sealed class JinjaLexer
{
    private readonly string _source;
    private readonly JinjaErrors _errors;
    private readonly List<JinjaToken> _tokens = [];
    private int _at;
    private int _line = 1;

    public JinjaLexer(string source, JinjaErrors errors)
    {
        string lines = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        _source = lines.EndsWith('\n') ? lines[..^1] : lines;
        _errors = errors;
    }

    /// <summary>The pieces, the last of which is the end.</summary>
    public List<JinjaToken> Read()
    {
        bool startsLine = true;
        while (_at < _source.Length)
        {
            int start = NextTag();
            string text = _source[_at..start];
            int line = _line;
            MoveTo(start);
            if (start == _source.Length)
            {
                AddText(text, line);
                break;
            }
            char kind = _source[start + 1];
            _at += 2;
            char sign = Current is '-' or '+' ? Current : '\0';
            _at += sign == '\0' ? 0 : 1;
            if (sign == '-')
                text = PythonWhiteSpace.TrimEnd(text);
            else if (sign != '+' && kind != '{')
                text = WithoutIndent(text, startsLine);
            AddText(text, line);
            startsLine = kind == '#' ? SkipComment() : ReadTag(kind);
        }
        Add(JinjaTokenKind.End, "");
        return _tokens;
    }

    private char Current => _at < _source.Length ? _source[_at] : '\0';

    private int NextTag()
    {
        for (int i = _at; (i = _source.IndexOf('{', i)) >= 0 && i + 1 < _source.Length; i++)
        {
            if (_source[i + 1] is '{' or '%' or '#')
                return i;
        }
        return _source.Length;
    }

    private static string WithoutIndent(string text, bool startsLine)
    {
        int start = text.LastIndexOf('\n') + 1;
        return (start > 0 || startsLine) && PythonWhiteSpace.Trim(text[start..]).Length == 0 ? text[..start] : text;
    }

    private bool SkipComment()
    {
        int end = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (end < 0)
            throw _errors.Bad(_line, "the comment that begins here has no end");
        char sign = end > _at ? _source[end - 1] : '\0';
        MoveTo(end);
        return SkipEnd(sign, isBlock: true);
    }

    // Behind the two characters that end a tag. Whether a line begins there.
    private bool SkipEnd(char sign, bool isBlock)
    {
        int end = _at + 2;
        while (sign == '-' && end < _source.Length && PythonWhiteSpace.Is(_source[end]))
            end++;
        if (isBlock && sign is not ('-' or '+') && end < _source.Length && _source[end] == '\n')
            end++;
        MoveTo(end);
        return _source[end - 1] == '\n';
    }

    private bool ReadTag(char kind)
    {
        bool isBlock = kind == '%';
        int begun = _line;
        char first = isBlock ? '%' : '}';
        Add(isBlock ? JinjaTokenKind.BlockStart : JinjaTokenKind.OutputStart, "");
        var scanner = new JinjaTagScanner(_source, _errors, _tokens);
        var brackets = new Stack<char>();
        while (true)
        {
            int next = _at;
            while (next < _source.Length && PythonWhiteSpace.Is(_source[next]))
                next++;
            MoveTo(next);
            if (_at >= _source.Length)
                throw _errors.Bad(begun, "the tag that begins here has no end");
            char sign = Current is '-' || (isBlock && Current is '+') ? Current : '\0';
            int end = sign == '\0' ? _at : _at + 1;
            if (brackets.Count == 0 && end + 1 < _source.Length && _source[end] == first && _source[end + 1] == '}')
            {
                _at = end;
                Add(isBlock ? JinjaTokenKind.BlockEnd : JinjaTokenKind.OutputEnd, "");
                return SkipEnd(sign, isBlock);
            }
            MoveTo(scanner.Read(_at, _line));
            Follow(_tokens[^1], brackets);
        }
    }

    private void Follow(JinjaToken token, Stack<char> brackets)
    {
        if (token.Kind != JinjaTokenKind.Operator || token.Text.Length != 1)
            return;
        char bracket = token.Text[0];
        if (bracket is '(' or '[' or '{')
            brackets.Push(bracket);
        else if (bracket is ')' or ']' or '}'
            && (!brackets.TryPop(out char open) || (open, bracket) is not (('(', ')') or ('[', ']') or ('{', '}'))))
            throw _errors.Bad(token.Line, $"a '{bracket}' closes nothing");
    }

    private void AddText(string text, int line)
    {
        if (text.Length > 0)
            _tokens.Add(new JinjaToken(JinjaTokenKind.Text, text, line));
    }

    private void Add(JinjaTokenKind kind, string text) => _tokens.Add(new JinjaToken(kind, text, _line));

    private void MoveTo(int end)
    {
        _line += _source.AsSpan(_at, end - _at).Count('\n');
        _at = end;
    }
}

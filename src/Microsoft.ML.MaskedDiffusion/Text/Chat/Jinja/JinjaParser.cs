namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>
/// Reads the statements of a template: text, values, set, if and for. Statements of Jinja that are none of these are refused by name.
/// </summary>
internal sealed class JinjaParser
{
    private const int MostLevels = 30;

    private static readonly string[] Statements = ["if", "for", "set", "generation"];

    private readonly JinjaTokenReader _tokens;
    private readonly JinjaExpressionParser _expressions;
    private int _levels;

    public JinjaParser(IReadOnlyList<JinjaToken> tokens, JinjaErrors errors)
    {
        _tokens = new JinjaTokenReader(tokens, errors);
        _expressions = new JinjaExpressionParser(_tokens);
    }

    /// <summary>The whole template.</summary>
    public IReadOnlyList<JinjaStatement> Read()
    {
        (List<JinjaStatement> body, JinjaToken end) = Body([]);
        return end.Kind == JinjaTokenKind.End ? body : throw _tokens.Errors.Bad(end.Line, $"'{TextExcerpt.Of(end.Text)}' ends nothing");
    }

    // The statements up to one of these words, or to the end of the template, which is taken.
    private (List<JinjaStatement> Body, JinjaToken End) Body(string[] ends)
    {
        var body = new List<JinjaStatement>();
        while (true)
        {
            JinjaToken token = _tokens.Take();
            switch (token.Kind)
            {
                case JinjaTokenKind.Text:
                    body.Add(new JinjaText(token.Line, token.Text));
                    break;
                case JinjaTokenKind.OutputStart:
                    body.Add(new JinjaOutput(token.Line, _expressions.Read()));
                    _tokens.Require(JinjaTokenKind.OutputEnd, "'}}'");
                    break;
                case JinjaTokenKind.BlockStart:
                    JinjaToken word = _tokens.Require(JinjaTokenKind.Name, "a statement");
                    if (ends.Contains(word.Text))
                        return (body, word);
                    if (word.Text.StartsWith("end", StringComparison.Ordinal) || word.Text is "else" or "elif")
                        throw _tokens.Errors.Bad(word.Line, $"'{TextExcerpt.Of(word.Text)}' belongs to no statement that is open");
                    AddStatement(word, body);
                    break;
                default:
                    return (body, token);
            }
        }
    }

    private List<JinjaStatement> Closed(JinjaToken begun, string end)
    {
        (List<JinjaStatement> body, JinjaToken last) = Body([end]);
        RequireEnd(begun, last);
        EndBlock();
        return body;
    }

    private void RequireEnd(JinjaToken begun, JinjaToken last)
    {
        if (last.Kind == JinjaTokenKind.End)
            throw _tokens.Errors.Bad(begun.Line, $"the '{begun.Text}' that begins here has no 'end{begun.Text}'");
    }

    private void EndBlock() => _tokens.Require(JinjaTokenKind.BlockEnd, "'%}'");

    private void AddStatement(JinjaToken word, List<JinjaStatement> body)
    {
        if (++_levels > MostLevels)
            throw _tokens.Errors.Bad(word.Line, $"statements are nested deeper than {MostLevels} levels");
        switch (word.Text)
        {
            case "if":
                body.Add(If(word));
                break;
            case "for":
                body.Add(For(word));
                break;
            case "set":
                body.Add(Set(word));
                break;
            case "generation":
                // It marks for trainers what the assistant says, and writes nothing itself.
                EndBlock();
                body.AddRange(Closed(word, "endgeneration"));
                break;
            default:
                throw _tokens.Errors.Unsupported(word.Line, $"the statement '{TextExcerpt.Of(word.Text)}'", Statements);
        }
        _levels--;
    }

    private JinjaIf If(JinjaToken word)
    {
        var branches = new List<(JinjaExpression, IReadOnlyList<JinjaStatement>)>();
        JinjaToken end = word;
        while (end.Text is "if" or "elif")
        {
            JinjaExpression condition = _expressions.Read();
            EndBlock();
            (List<JinjaStatement> body, end) = Body(["elif", "else", "endif"]);
            RequireEnd(word, end);
            branches.Add((condition, body));
        }
        EndBlock();
        return new JinjaIf(word.Line, branches, end.Text == "else" ? Closed(word, "endif") : []);
    }

    private JinjaFor For(JinjaToken word)
    {
        var names = new List<string>();
        do
            names.Add(_tokens.Require(JinjaTokenKind.Name, "the name of a variable").Text);
        while (_tokens.TryTake(JinjaTokenKind.Operator, ","));
        if (!_tokens.TryTake(JinjaTokenKind.Name, "in"))
            throw _tokens.Unexpected("'in'");
        JinjaExpression items = _expressions.ReadWithoutChoice();
        JinjaExpression? condition = _tokens.TryTake(JinjaTokenKind.Name, "if") ? _expressions.Read() : null;
        if (_tokens.Is(JinjaTokenKind.Name, "recursive"))
            throw _tokens.Errors.Unsupported(word.Line, "a recursive 'for'");
        EndBlock();
        (List<JinjaStatement> body, JinjaToken end) = Body(["else", "endfor"]);
        RequireEnd(word, end);
        EndBlock();
        return new JinjaFor(word.Line, names, items, condition, body, end.Text == "else" ? Closed(word, "endfor") : []);
    }

    private JinjaSet Set(JinjaToken word)
    {
        string name = _tokens.Require(JinjaTokenKind.Name, "the name of a variable").Text;
        string? attribute = _tokens.TryTake(JinjaTokenKind.Operator, ".")
            ? _tokens.Require(JinjaTokenKind.Name, "the name of an attribute").Text : null;
        if (!_tokens.TryTake(JinjaTokenKind.Operator, "="))
            throw _tokens.Errors.Unsupported(word.Line, "a 'set' that is not of the form name = value");
        JinjaExpression value = _expressions.Read();
        EndBlock();
        return new JinjaSet(word.Line, name, attribute, value);
    }
}

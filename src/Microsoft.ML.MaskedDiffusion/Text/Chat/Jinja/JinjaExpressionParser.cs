using System.Globalization;

namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>
/// Reads expressions, whose operators bind in Jinja's order. One expression has a limited number of parts and is nested to a limited depth,
/// so that neither reading nor evaluating it takes much of the stack.
/// </summary>
internal sealed class JinjaExpressionParser(JinjaTokenReader tokens)
{
    private const int MostParts = 400;
    private const int MostLevels = 40;

    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    private int _parts;
    private int _levels;

    /// <summary>A whole expression, with a choice.</summary>
    public JinjaExpression Read()
    {
        _parts = 0;
        return Choice();
    }

    /// <summary>A whole expression that ends before the word "if".</summary>
    public JinjaExpression ReadWithoutChoice()
    {
        _parts = 0;
        return Or();
    }

    private bool TakeWord(string word) => tokens.TryTake(JinjaTokenKind.Name, word);

    private bool TakeOperator(string text) => tokens.TryTake(JinjaTokenKind.Operator, text);

    private bool IsOperator(string text) => tokens.Is(JinjaTokenKind.Operator, text);

    // Every part of an expression passes here once it is read.
    private T Counted<T>(T part)
        where T : JinjaExpression
    {
        if (++_parts > MostParts)
            throw tokens.Errors.Bad(part.Line, $"the expression has more than {MostParts} parts");
        return part;
    }

    private T Nested<T>(Func<T> read)
    {
        if (++_levels > MostLevels)
            throw tokens.Errors.Bad(tokens.Next.Line, $"the expression is nested deeper than {MostLevels} levels");
        T result = read();
        _levels--;
        return result;
    }

    private JinjaExpression Choice()
    {
        JinjaExpression value = Or();
        while (tokens.Is(JinjaTokenKind.Name, "if"))
        {
            int line = tokens.Take().Line;
            JinjaExpression condition = Or();
            JinjaExpression? other = TakeWord("else") ? Nested(Choice) : null;
            value = Counted(new JinjaChoice(line, condition, value, other));
        }
        return value;
    }

    private JinjaExpression Or() => Chain(And, JinjaTokenKind.Name, ["or"]);

    private JinjaExpression And() => Chain(Not, JinjaTokenKind.Name, ["and"]);

    private JinjaExpression Not()
    {
        int line = tokens.Next.Line;
        return TakeWord("not") ? Counted(new JinjaNot(line, Nested(Not))) : Comparison();
    }

    private JinjaExpression Comparison()
    {
        JinjaExpression first = Sum();
        var others = new List<(string, JinjaExpression)>();
        while (true)
        {
            if (tokens.Next.Kind == JinjaTokenKind.Operator && Comparisons.Contains(tokens.Next.Text))
                others.Add((tokens.Take().Text, Counted(Sum())));
            else if (TakeWord("in"))
                others.Add(("in", Counted(Sum())));
            else if (tokens.Is(JinjaTokenKind.Name, "not") && tokens.Second is { Kind: JinjaTokenKind.Name, Text: "in" })
            {
                tokens.Take();
                tokens.Take();
                others.Add(("not in", Counted(Sum())));
            }
            else
                return others.Count == 0 ? first : Counted(new JinjaComparison(first.Line, first, others));
        }
    }

    private JinjaExpression Sum() => Chain(Joined, JinjaTokenKind.Operator, ["+", "-"]);

    private JinjaExpression Joined() => Chain(Product, JinjaTokenKind.Operator, ["~"]);

    private JinjaExpression Product() => Chain(() => Signed(hasFilters: true), JinjaTokenKind.Operator, ["*", "/", "//", "%"]);

    private JinjaExpression Chain(Func<JinjaExpression> operand, JinjaTokenKind kind, string[] operators)
    {
        JinjaExpression left = operand();
        while (tokens.Next.Kind == kind && operators.Contains(tokens.Next.Text))
        {
            JinjaToken sign = tokens.Take();
            left = Counted(new JinjaBinary(sign.Line, sign.Text, left, operand()));
        }
        return left;
    }

    private JinjaExpression Signed(bool hasFilters)
    {
        JinjaExpression value;
        if (IsOperator("-") || IsOperator("+"))
        {
            JinjaToken sign = tokens.Take();
            value = Counted(new JinjaSign(sign.Line, Nested(() => Signed(hasFilters: false)), sign.Text == "-"));
        }
        else
            value = Attributes(Primary());
        if (IsOperator("**"))
            throw tokens.Errors.Unsupported(tokens.Next.Line, "the operator '**'");
        return hasFilters ? Filters(value) : value;
    }

    private JinjaExpression Primary()
    {
        JinjaToken token = tokens.Take();
        switch (token.Kind)
        {
            case JinjaTokenKind.Name:
                return Counted(NameOrConstant(token));
            case JinjaTokenKind.String:
                string text = token.Text;
                while (tokens.Next.Kind == JinjaTokenKind.String)
                    text += tokens.Take().Text;
                return Counted(new JinjaLiteral(token.Line, text));
            case JinjaTokenKind.Integer:
                return long.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out long whole)
                    ? Counted(new JinjaLiteral(token.Line, whole))
                    : throw tokens.Errors.Bad(token.Line, $"the number {TextExcerpt.Of(token.Text)} is too large");
            case JinjaTokenKind.Float:
                return Counted(new JinjaLiteral(token.Line, double.Parse(token.Text, CultureInfo.InvariantCulture)));
            case JinjaTokenKind.Operator when token.Text == "(":
                return Nested(() => Parenthesis(token.Line));
            case JinjaTokenKind.Operator when token.Text == "[":
                return Nested(() => Counted(new JinjaList(token.Line, Items("]", Choice))));
            case JinjaTokenKind.Operator when token.Text == "{":
                return Nested(() => Counted(new JinjaDictionary(token.Line, Items("}", Entry))));
        }
        throw tokens.Errors.Bad(token.Line, token.Text.Length == 0
            ? "expected a value, and the tag ends" : $"expected a value, found '{TextExcerpt.Of(token.Text)}'");
    }

    private static JinjaExpression NameOrConstant(JinjaToken token) => token.Text switch
    {
        "true" or "True" => new JinjaLiteral(token.Line, true),
        "false" or "False" => new JinjaLiteral(token.Line, false),
        "none" or "None" => new JinjaLiteral(token.Line, null),
        _ => new JinjaName(token.Line, token.Text),
    };

    private JinjaExpression Parenthesis(int line)
    {
        if (TakeOperator(")"))
            return Counted(new JinjaList(line, []));
        JinjaExpression first = Choice();
        if (!TakeOperator(","))
        {
            tokens.Require(")");
            return first;
        }
        return Counted(new JinjaList(line, [first, .. Items(")", Choice)]));
    }

    private (JinjaExpression Key, JinjaExpression Value) Entry()
    {
        JinjaExpression key = Choice();
        tokens.Require(":");
        return (key, Choice());
    }

    private List<T> Items<T>(string end, Func<T> read)
    {
        var items = new List<T>();
        while (!TakeOperator(end))
        {
            items.Add(read());
            if (!IsOperator(end))
                tokens.Require(",");
        }
        return items;
    }

    private JinjaExpression Attributes(JinjaExpression value)
    {
        while (true)
        {
            int line = tokens.Next.Line;
            if (TakeOperator("."))
            {
                JinjaToken name = tokens.Take();
                value = name.Kind switch
                {
                    JinjaTokenKind.Name => Counted(new JinjaAttribute(line, value, name.Text)),
                    JinjaTokenKind.Integer when int.TryParse(name.Text, out int index) =>
                        Counted(new JinjaIndex(line, value, new JinjaLiteral(line, (long)index))),
                    _ => throw tokens.Errors.Bad(line, "expected a name after '.'"),
                };
            }
            else if (TakeOperator("["))
            {
                JinjaExpression target = value;
                value = Nested(() => Counted(Element(line, target)));
            }
            else if (TakeOperator("("))
            {
                JinjaExpression target = value;
                value = Nested(() => Counted(new JinjaCall(line, target, Arguments())));
            }
            else
                return value;
        }
    }

    private JinjaExpression Element(int line, JinjaExpression target)
    {
        JinjaExpression? from = IsOperator(":") ? null : Choice();
        if (from is not null && TakeOperator("]"))
            return new JinjaIndex(line, target, from);
        tokens.Require(":");
        JinjaExpression? to = IsOperator(":") || IsOperator("]") ? null : Choice();
        JinjaExpression? step = TakeOperator(":") && !IsOperator("]") ? Choice() : null;
        tokens.Require("]");
        return new JinjaSlice(line, target, from, to, step);
    }

    private JinjaArguments Arguments()
    {
        var named = new List<(string, JinjaExpression)>();
        List<JinjaExpression?> all = Items(")", () =>
        {
            if (tokens.Next.Kind != JinjaTokenKind.Name || tokens.Second is not { Kind: JinjaTokenKind.Operator, Text: "=" })
            {
                return named.Count == 0 ? Choice()
                    : throw tokens.Errors.Bad(tokens.Next.Line, "an argument without a name stands behind one with a name");
            }
            string name = tokens.Take().Text;
            tokens.Take();
            named.Add((name, Choice()));
            return (JinjaExpression?)null;
        });
        return new JinjaArguments([.. all.OfType<JinjaExpression>()], named);
    }

    private JinjaExpression Filters(JinjaExpression value)
    {
        while (true)
        {
            int line = tokens.Next.Line;
            if (TakeOperator("|"))
            {
                string name = tokens.Require(JinjaTokenKind.Name, "the name of a filter").Text;
                JinjaArguments arguments = TakeOperator("(") ? Nested(Arguments) : JinjaArguments.None;
                value = Counted(new JinjaFilter(line, value, name, arguments));
            }
            else if (TakeWord("is"))
                value = Counted(Test(line, value));
            else
                return value;
        }
    }

    private JinjaTest Test(int line, JinjaExpression value)
    {
        bool isNegated = TakeWord("not");
        string name = tokens.Require(JinjaTokenKind.Name, "the name of a test").Text;
        if (TakeOperator("("))
            return new JinjaTest(line, value, name, Nested(Arguments), isNegated);
        bool hasArgument = tokens.Next.Kind switch
        {
            JinjaTokenKind.Name => tokens.Next.Text is not ("else" or "or" or "and" or "if" or "in" or "not" or "is"),
            JinjaTokenKind.String or JinjaTokenKind.Integer or JinjaTokenKind.Float => true,
            JinjaTokenKind.Operator => tokens.Next.Text is "[" or "{",
            _ => false,
        };
        JinjaArguments arguments = hasArgument ? new JinjaArguments([Nested(() => Attributes(Primary()))], []) : JinjaArguments.None;
        return new JinjaTest(line, value, name, arguments, isNegated);
    }
}

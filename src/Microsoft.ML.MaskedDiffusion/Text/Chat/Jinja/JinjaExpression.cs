namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>Something that has a value.</summary>
/// <param name="Line">The line that it stands on.</param>
internal abstract record JinjaExpression(int Line);

/// <summary>A constant.</summary>
internal sealed record JinjaLiteral(int Line, object? Value) : JinjaExpression(Line);

/// <summary>A variable or a function.</summary>
internal sealed record JinjaName(int Line, string Name) : JinjaExpression(Line);

/// <summary>A list or a tuple.</summary>
internal sealed record JinjaList(int Line, IReadOnlyList<JinjaExpression> Items) : JinjaExpression(Line);

/// <summary>A dictionary.</summary>
internal sealed record JinjaDictionary(int Line, IReadOnlyList<(JinjaExpression Key, JinjaExpression Value)> Items)
    : JinjaExpression(Line);

/// <summary>An attribute: <c>a.name</c>.</summary>
internal sealed record JinjaAttribute(int Line, JinjaExpression Target, string Name) : JinjaExpression(Line);

/// <summary>An element: <c>a[i]</c>.</summary>
internal sealed record JinjaIndex(int Line, JinjaExpression Target, JinjaExpression Index) : JinjaExpression(Line);

/// <summary>A part of a list or text: <c>a[from:to:step]</c>.</summary>
internal sealed record JinjaSlice(int Line, JinjaExpression Target, JinjaExpression? From, JinjaExpression? To, JinjaExpression? Step)
    : JinjaExpression(Line);

/// <summary>The arguments of a call, a filter or a test.</summary>
internal sealed record JinjaArguments(
    IReadOnlyList<JinjaExpression> Positional, IReadOnlyList<(string Name, JinjaExpression Value)> Named)
{
    public static JinjaArguments None { get; } = new([], []);
}

/// <summary>A call of a function or a method.</summary>
internal sealed record JinjaCall(int Line, JinjaExpression Target, JinjaArguments Arguments) : JinjaExpression(Line);

/// <summary>A filter: <c>a | name(...)</c>.</summary>
internal sealed record JinjaFilter(int Line, JinjaExpression Target, string Name, JinjaArguments Arguments) : JinjaExpression(Line);

/// <summary>A test: <c>a is name</c> or <c>a is not name</c>.</summary>
internal sealed record JinjaTest(int Line, JinjaExpression Target, string Name, JinjaArguments Arguments, bool IsNegated)
    : JinjaExpression(Line);

/// <summary><c>not a</c>.</summary>
internal sealed record JinjaNot(int Line, JinjaExpression Operand) : JinjaExpression(Line);

/// <summary><c>-a</c> or <c>+a</c>.</summary>
internal sealed record JinjaSign(int Line, JinjaExpression Operand, bool IsMinus) : JinjaExpression(Line);

/// <summary>Arithmetic, joining of texts, <c>and</c> and <c>or</c>.</summary>
internal sealed record JinjaBinary(int Line, string Operator, JinjaExpression Left, JinjaExpression Right) : JinjaExpression(Line);

/// <summary>Comparisons in a row, all of which must hold.</summary>
internal sealed record JinjaComparison(
    int Line, JinjaExpression First, IReadOnlyList<(string Operator, JinjaExpression Operand)> Others) : JinjaExpression(Line);

/// <summary><c>a if condition else b</c>; undefined where there is no b.</summary>
internal sealed record JinjaChoice(int Line, JinjaExpression Condition, JinjaExpression Then, JinjaExpression? Else)
    : JinjaExpression(Line);

namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>A part of a template, which is done in its turn.</summary>
/// <param name="Line">The line that it begins on.</param>
internal abstract record JinjaStatement(int Line);

/// <summary>Text that is written as it is.</summary>
internal sealed record JinjaText(int Line, string Text) : JinjaStatement(Line);

/// <summary>A value that is written.</summary>
internal sealed record JinjaOutput(int Line, JinjaExpression Value) : JinjaStatement(Line);

/// <summary>A variable, or an attribute of a namespace, gets a value.</summary>
internal sealed record JinjaSet(int Line, string Name, string? Attribute, JinjaExpression Value) : JinjaStatement(Line);

/// <summary>The first of the branches whose condition holds.</summary>
internal sealed record JinjaIf(
    int Line, IReadOnlyList<(JinjaExpression Condition, IReadOnlyList<JinjaStatement> Body)> Branches, IReadOnlyList<JinjaStatement> Else)
    : JinjaStatement(Line);

/// <summary>The body for each item that fulfils the condition; the other body where there is none.</summary>
internal sealed record JinjaFor(
    int Line, IReadOnlyList<string> Names, JinjaExpression Items, JinjaExpression? Condition, IReadOnlyList<JinjaStatement> Body,
    IReadOnlyList<JinjaStatement> Else) : JinjaStatement(Line);

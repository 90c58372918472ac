namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>The pieces of a template in their order, for the two parsers.</summary>
internal sealed class JinjaTokenReader(IReadOnlyList<JinjaToken> tokens, JinjaErrors errors)
{
    private int _at;

    /// <summary>The errors of the template.</summary>
    public JinjaErrors Errors => errors;

    /// <summary>The next piece.</summary>
    public JinjaToken Next => tokens[_at];

    /// <summary>The piece after the next one.</summary>
    public JinjaToken Second => tokens[Math.Min(_at + 1, tokens.Count - 1)];

    /// <summary>Takes the next piece.</summary>
    public JinjaToken Take() => Next.Kind == JinjaTokenKind.End ? Next : tokens[_at++];

    /// <summary>Whether the next piece is this word or operator.</summary>
    public bool Is(JinjaTokenKind kind, string text) => Next.Kind == kind && Next.Text == text;

    /// <summary>Takes the next piece if it is this word or operator.</summary>
    public bool TryTake(JinjaTokenKind kind, string text)
    {
        if (!Is(kind, text))
            return false;
        _at++;
        return true;
    }

    /// <summary>Takes an operator that must stand here.</summary>
    public void Require(string text)
    {
        if (!TryTake(JinjaTokenKind.Operator, text))
            throw Unexpected($"'{text}'");
    }

    /// <summary>Takes a piece of a kind that must stand here.</summary>
    public JinjaToken Require(JinjaTokenKind kind, string expected) => Next.Kind == kind ? Take() : throw Unexpected(expected);

    /// <summary>The error about a piece that should not stand here.</summary>
    public InvalidDataException Unexpected(string expected)
    {
        string found = Next.Kind switch
        {
            JinjaTokenKind.End => "the end of the template",
            JinjaTokenKind.BlockEnd => "'%}'",
            JinjaTokenKind.OutputEnd => "'}}'",
            JinjaTokenKind.BlockStart => "'{%'",
            JinjaTokenKind.OutputStart => "'{{'",
            _ => $"'{TextExcerpt.Of(Next.Text)}'",
        };
        return errors.Bad(Next.Line, $"expected {expected}, found {found}");
    }
}

namespace Microsoft.ML.MaskedDiffusion.Text.Chat.Jinja;

/// <summary>A piece of a template.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">The text, the name, the content of the literal, or the operator.</param>
/// <param name="Line">The line that it begins on, from 1.</param>
internal readonly record struct JinjaToken(JinjaTokenKind Kind, string Text, int Line);

/// <summary>What a piece of a template is.</summary>
internal enum JinjaTokenKind
{
    /// <summary>Text that is written as it is.</summary>
    Text,

    /// <summary>The beginning of a value that is written.</summary>
    OutputStart,

    /// <summary>Its end.</summary>
    OutputEnd,

    /// <summary>The beginning of a statement.</summary>
    BlockStart,

    /// <summary>Its end.</summary>
    BlockEnd,

    /// <summary>A name or a word of the language.</summary>
    Name,

    /// <summary>A text in quotation marks.</summary>
    String,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A number with a fraction.</summary>
    Float,

    /// <summary>An operator or a bracket.</summary>
    Operator,

    /// <summary>The end of the template.</summary>
    End,
}
